# Sets $mirror to the archive of Debian that this machine's apt uses, or LUO_DEBIAN_MIRROR; empty where there is none. Sourced.
mirror=${LUO_DEBIAN_MIRROR:-$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
  awk '$1 == "Debian" && $2 == "Debian" && !uri {uri = $3} END {print uri}' || true)}
# Before the first 'apt-get update' apt knows no origins: then by the archive's name. The keyring decides what is trusted.
[ -n "$mirror" ] || mirror=$(apt-get --print-uris update 2>/dev/null | sed -n "s|^'\(.*/debian/\)dists/[^/]*/InRelease'.*|\1|p" | head -n 1 || true)
