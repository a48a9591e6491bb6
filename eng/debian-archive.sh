# Functions that download packages of Debian with lists of their own: the machine's stay as they are. Sourced with $suite set.

mirror=${LUO_DEBIAN_MIRROR:-$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
  awk '$1 == "Debian" && $2 == "Debian" && !uri {uri = $3} END {print uri}')}
[ -n "$mirror" ] || { echo "this machine's apt has no Debian archive: set LUO_DEBIAN_MIRROR to one" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# apt_for ARCHITECTURE TOOL WORDS...: apt with lists of its own.
apt_for() {
  local state=$work/$1 tool=$2
  local options=(-q -o "APT::Architecture=$1" -o "APT::Architectures::=$1" -o "Dir::Etc::sourcelist=$state/sources.list"
    -o "Dir::Etc::sourceparts=$state/empty" -o "Dir::Etc::preferencesparts=$state/empty" -o "Dir::Etc::preferences=$state/none"
    -o "Dir::State::lists=$state/lists" -o "Dir::State::status=$state/status" -o "Dir::Cache=$state/cache"
    -o APT::Sandbox::User=root -o Acquire::Retries=5 -o Acquire::Languages=none)
  if [ ! -d "$state" ]; then
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/empty"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > "$state/sources.list"
    : > "$state/status"
    apt-get "${options[@]}" update >&2
  fi
  shift 2
  (cd "$state" && "$tool" "${options[@]}" "$@")
}

# unpack ARCHITECTURE PACKAGE: its files are in $work/root afterwards.
unpack() {
  apt_for "$1" apt-get download "$2" >&2
  local package
  package=$(ls "$work/$1/$2"_*.deb)
  echo "$(basename "$package"): $(stat -c %s "$package") bytes" >&2
  dpkg-deb -x "$package" "$work/root"
}
