# LuoInterop: what can be done here. 'make' alone prints this list.

CONFIGURATION := Release
DOTNET_FLAGS := -c $(CONFIGURATION) --nologo
BUILD := dotnet msbuild -restore -m -nologo -verbosity:quiet -p:Configuration=$(CONFIGURATION)
BENCH = bench/LuoInterop.Benchmarks/bin/$(CONFIGURATION)/net10.0/luo-bench
BENCH_RUN := bench/results/$(or $(RUN),$(shell date -u +%F)-host)
MINIVMM = src/MiniVmm/bin/$(CONFIGURATION)/net10.0/minivmm
DEMO = samples/LuoInterop.Demo/bin/$(CONFIGURATION)/net10.0/luo-demo
# The tests run in other folders than this one: a relative cache would be another folder for each.
ifdef LUO_CACHE
export LUO_CACHE := $(abspath $(LUO_CACHE))
endif
export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1

.PHONY: help demo demo-vm vmm vmm-vm test test-7.2 test-cmdline test-6.1 test-vmm test-kernels test-languages test-systemd test-fleet check build kernel luoctl native-times bench bench-vm bench-vmm bench-luoctl bench-programs bench-cache bench-compare bench-charts hunt fdt-oracle fuzz pack api contract differences clean

help:            ## Print this list
	@grep -E '^[a-z0-9.-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9.-]+):[^#]*## */make \1\t/' | expand -t 16

demo:            ## Show memory that survives a kernel update, on the emulated kernel (any Linux host)
	@eng/prerequisites.sh
	@echo building ...
	@$(BUILD) samples/LuoInterop.Demo
	@$(DEMO)

demo-vm:         ## The same program on Linux 7.3 in QEMU; the first time it builds that kernel (minutes)
	@eng/prerequisites.sh --vm
	@echo building ...
	@$(BUILD) samples/LuoInterop.Demo
	@$(DEMO) --on vm

vmm:             ## Show a guest that runs on while the kernel under it is replaced, on the emulated kernel and KVM (any Linux host, seconds)
	@eng/prerequisites.sh
	@echo building ...
	@$(BUILD) src/MiniVmm
	@$(MINIVMM) demo --on emulated --memory 64

vmm-vm:          ## The same with a Linux guest, under KVM on Linux 7.3 in QEMU; the first time it builds that kernel (minutes)
	@eng/prerequisites.sh --virtualization --native
	@echo building ...
	@dotnet publish -c $(CONFIGURATION) --nologo -v quiet -o artifacts/minivmm src/MiniVmm
	@artifacts/minivmm/minivmm demo

test:            ## Run every test, those on the real kernel in a VM too
	@eng/prerequisites.sh --vm --tests
	@echo building ...
	@eng/side-by-side.sh '$(BUILD) LuoInterop.sln' eng/kernel.sh eng/root.sh
	@eng/test.sh

test-7.2:        ## Run the contract on Linux 7.2, and from 7.2 to 7.3 and back, and the kernels' own selftests beside the emulated kernel (15 minutes); the first time it builds that kernel too
	@eng/prerequisites.sh --vm --tests
	@echo building ...
	@$(BUILD) tests/LuoInterop.Contract.Tests
	@$(BUILD) tests/LuoInterop.VmTesting.Tests
	@$(BUILD) tests/LuoInterop.Emulation.Server.Tests
	@eng/kernel.sh 7.2
	@eng/kernel.sh
	@dotnet test --no-build $(DOTNET_FLAGS) tests/LuoInterop.Emulation.Server.Tests --filter Category=Kernel72
	@dotnet test --no-build $(DOTNET_FLAGS) tests/LuoInterop.VmTesting.Tests --filter Category=Kernel72
	@KERNEL=7.2 dotnet test --no-build $(DOTNET_FLAGS) tests/LuoInterop.Contract.Tests --filter 'Category=VM&Category!=KernelCommandLine'

test-cmdline:    ## Carry a command line through 20 updates of kernels that add words of their own; the first time it builds those kernels (minutes)
	@eng/prerequisites.sh --vm
	@echo building ...
	@$(BUILD) tests/LuoInterop.Contract.Tests
	@eng/kernel.sh 7.3 builtin-line.config
	@eng/kernel.sh 7.3 embedded-line.config
	@dotnet test --no-build $(DOTNET_FLAGS) tests/LuoInterop.Contract.Tests --filter Category=KernelCommandLine

test-6.1:        ## Run the emulated kernel on Linux 6.1, Debian 12's, in a VM; the first time it builds that kernel (minutes)
	@eng/prerequisites.sh --vm
	@echo building ...
	@$(BUILD) tests/LuoInterop.Litmus.Tests
	@eng/kernel.sh 6.1 host-6.1.config
	@dotnet test --no-build $(DOTNET_FLAGS) tests/LuoInterop.Litmus.Tests --filter Category=Kernel61

test-vmm:        ## Run MiniVmm's guests through 50 and 20 live updates in a row, and its commands and faults through three kernels (about 25 minutes)
	@eng/prerequisites.sh --virtualization --tests
	@echo building ...
	@$(BUILD) tests/MiniVmm.Tests
	@eng/kernel.sh
	@dotnet test --no-build $(DOTNET_FLAGS) tests/MiniVmm.Tests --filter Category=Soak

test-kernels:    ## Read kernels that Debian built and a UKI of them, and jump between any two of eight kernels and into Debian's 6.18 (40 minutes); the first time it downloads 100 MB and builds four kernels
	@eng/prerequisites.sh --vm --tests
	@echo building ...
	@$(BUILD) tests/LuoInterop.KernelImages.Tests
	@eng/kernel.sh
	@eng/kernel.sh 7.2
	@dotnet test --no-build $(DOTNET_FLAGS) tests/LuoInterop.KernelImages.Tests --filter Category=Kernels

test-languages:  ## Run programs in Go and Rust on the emulated kernel; installs their compilers (minutes)
	@eng/prerequisites.sh --languages
	@echo building ...
	@$(BUILD) tests/LuoInterop.Emulation.Server.Tests
	@dotnet test --no-build $(DOTNET_FLAGS) tests/LuoInterop.Emulation.Server.Tests --filter Category=Languages

test-systemd:    ## Run services under systemd in a VM, through restarts, crashes, live updates and mistakes; the first time it installs a root of Debian (25 minutes)
	@eng/prerequisites.sh --vm --tests --native
	@echo building ...
	@$(BUILD) tests/LuoInterop.Systemd.VmTests
	@eng/kernel.sh
	@dotnet test --no-build $(DOTNET_FLAGS) tests/LuoInterop.Systemd.VmTests --filter Category=Systemd

test-fleet:      ## Take three VMs through live updates with Ansible: all well, a wrong kernel, a loss of power, a lost memory (20 minutes)
	@eng/prerequisites.sh --vm --tests --native --fleet
	@echo building ...
	@$(BUILD) tests/LuoInterop.Fleet.Tests
	@eng/kernel.sh
	@dotnet test --no-build $(DOTNET_FLAGS) tests/LuoInterop.Fleet.Tests

check:           ## Run the tests that need no VM
	@eng/prerequisites.sh --tests
	@echo building ...
	@$(BUILD) LuoInterop.sln
	@eng/test.sh --check

build:           ## Build everything
	@eng/prerequisites.sh
	@dotnet build $(DOTNET_FLAGS) LuoInterop.sln

kernel:          ## Build the kernel that the VM tests use, unless it is cached; prints its folder
	@eng/prerequisites.sh --vm
	@eng/kernel.sh

luoctl:          ## Make artifacts/luoctl, one native executable (about a minute)
	@eng/prerequisites.sh --native
	@echo building ...
	@dotnet publish -c $(CONFIGURATION) --nologo -v quiet -o artifacts/publish src/luoctl
	@mv artifacts/publish/luoctl artifacts && rm -r artifacts/publish
	@ls -l artifacts/luoctl

native-times:    ## Measure sizes and start times of native executables beside dotnet's, a live update in the VM too (a few minutes)
	@eng/prerequisites.sh --vm --native
	@eng/native-times.sh --vm

bench:           ## Measure the emulated kernel and the library into bench/results (5 to 10 minutes; nothing else should run): make bench [RUN=name]
	@eng/prerequisites.sh
	@echo building ...
	@$(BUILD) bench/LuoInterop.Benchmarks
	@$(BENCH) --json $(BENCH_RUN).json
	@echo "kept: $(BENCH_RUN).json and .md"

bench-compare:   ## Compare this checkout with a commit, run beside run (10 minutes; nothing else should run): make bench-compare OLD=commit [ROUNDS=6] [PARTS="limits memfd files catalogue"]; or two kept runs: OLD=file.json [NEW=file.json]
	@test -n "$(OLD)" || { echo "usage: make bench-compare OLD=commit [ROUNDS=6] [PARTS='limits memfd files catalogue'], or OLD=file.json [NEW=file.json]" >&2; exit 2; }
	@eng/prerequisites.sh
	@$(BUILD) bench/LuoInterop.Benchmarks
	@$(if $(wildcard $(OLD)),$(BENCH) --compare $(OLD) $(NEW),eng/bench-compare.sh $(BENCH) $(OLD) "$(ROUNDS)" "$(PARTS)")

bench-charts:    ## Draw the charts of the newest runs in bench/results, and fill docs/cost.md; installs gnuplot if it is missing
	@eng/prerequisites.sh
	@$(BUILD) bench/LuoInterop.Benchmarks
	@eng/charts.sh $(BENCH)
	@set -e; for what in host vm; do for run in $$(ls bench/results/*-$$what.json 2>/dev/null | tail -n 1); do $(BENCH) --fill $$run docs/cost.md; done; done

bench-vm:        ## Measure live update on Linux 7.3 in QEMU: calls beside C, phases, growth, a disk instead (about 12 minutes; nothing else should run)
	@eng/prerequisites.sh --vm
	@echo building ...
	@$(BUILD) bench/LuoInterop.VmBenchmarks
	@eng/kernel.sh
	@bench/LuoInterop.VmBenchmarks/bin/$(CONFIGURATION)/net10.0/luo-bench-vm $(ARGS)

bench-vmm:       ## Measure how long a guest of minivmm stands still, in one VM: parts, RAM, native or not, QEMU through a disk instead (15 minutes; nothing else should run)
	@eng/prerequisites.sh --virtualization --native
	@echo building ...
	@$(BUILD) bench/MiniVmm.Benchmarks
	@dotnet publish -c $(CONFIGURATION) --nologo -v quiet -o artifacts/minivmm src/MiniVmm
	@mkdir -p artifacts/minivmm-share && cp artifacts/minivmm/minivmm artifacts/minivmm-share/
	@eng/kernel.sh
	@bench/MiniVmm.Benchmarks/bin/$(CONFIGURATION)/net10.0/bench-vmm artifacts/minivmm/minivmm artifacts/minivmm-share/minivmm src/MiniVmm/bin/$(CONFIGURATION)/net10.0/minivmm.dll bench/results/$(or $(RUN),$(shell date -u +%F)-vmm) $(or $(N),5)

bench-luoctl:    ## Measure luoctl beside drgn and extract-vmlinux (2 minutes; nothing else should run): make bench-luoctl EXTRACT_VMLINUX=linux/scripts/extract-vmlinux
	@test -n "$(EXTRACT_VMLINUX)" || { echo "usage: make bench-luoctl EXTRACT_VMLINUX=FILE, the script of a kernel's source (scripts/extract-vmlinux)" >&2; exit 2; }
	@eng/prerequisites.sh --vm --native --drgn
	@$(MAKE) --no-print-directory luoctl
	@$(BUILD) bench/Luoctl.Benchmarks
	@debian=$$(eng/debian-kernels.sh) && kernel=$$(eng/kernel.sh | tail -n 1) && bench/Luoctl.Benchmarks/bin/$(CONFIGURATION)/net10.0/bench-luoctl artifacts/luoctl $(abspath $(EXTRACT_VMLINUX)) bench/results/$(or $(RUN),$(shell date -u +%F)-luoctl).md $(or $(N),11) "$$kernel/bzImage" "$$debian/amd64" "$$debian/cloud-amd64"

bench-programs:  ## Measure programs on the emulated kernel: an answered call, a compile, 10,000 sessions (5 minutes; nothing else should run)
	@eng/prerequisites.sh
	@echo building ...
	@$(BUILD) bench/Programs.Benchmarks
	@bench/Programs.Benchmarks/bin/$(CONFIGURATION)/net10.0/bench-programs bench/results/$(or $(RUN),$(shell date -u +%F)-programs).md $(or $(N),9)

bench-cache:     ## Measure how soon a cache has its keys again: luo-cache beside memcached's warm restart and a reload (10 minutes; nothing else should run)
	@eng/prerequisites.sh --tests --native
	@echo building ...
	@$(BUILD) bench/Cache.Benchmarks
	@dotnet publish -c $(CONFIGURATION) --nologo -v quiet -o artifacts/luo-cache samples/LuoInterop.Cache
	@bench/Cache.Benchmarks/bin/$(CONFIGURATION)/net10.0/bench-cache bench/results/$(or $(RUN),$(shell date -u +%F)-cache) artifacts/luo-cache/luo-cache $(or $(N),5)

hunt:            ## Hunt differences between the emulated kernel and Linux in a VM: make hunt N=1000 [SEED=1] [KERNEL=7.2] [LINES=1: command lines] [PROCESS=1: trapped calls of a process]
	@eng/prerequisites.sh --vm
	@echo building ...
	@$(BUILD) tests/programs/LuoInterop.Hunt
	@eng/kernel.sh $(KERNEL)
	@KERNEL=$(KERNEL) dotnet tests/programs/LuoInterop.Hunt/bin/$(CONFIGURATION)/net10.0/LuoInterop.Hunt.dll --count $(or $(N),1000) $(if $(SEED),--seed $(SEED)) $(if $(LINES),--command-lines) $(if $(PROCESS),--process) --keep tests/litmus/found

fdt-oracle:      ## Judge damaged device trees beside libfdt: make fdt-oracle N=100000
	@eng/prerequisites.sh --tests
	@$(BUILD) tests/LuoInterop.Emulation.Tests
	@LUO_FDT_TREES=$(or $(N),100000) dotnet test --no-build $(DOTNET_FLAGS) tests/LuoInterop.Emulation.Tests --filter FullyQualifiedName~FdtOracle --logger 'console;verbosity=detailed'

fuzz:            ## Feed every parser of untrusted bytes with damaged inputs: make fuzz N=1000000 [SEED=1] [TARGET=catalogue]
	@eng/prerequisites.sh
	@echo building ...
	@$(BUILD) tests/programs/LuoInterop.Fuzz
	@dotnet tests/programs/LuoInterop.Fuzz/bin/$(CONFIGURATION)/net10.0/LuoInterop.Fuzz.dll --count $(or $(N),100000) $(if $(SEED),--seed $(SEED)) $(if $(TARGET),--target $(TARGET))

pack:            ## Make the NuGet packages in artifacts/packages
	@eng/prerequisites.sh
	@dotnet pack $(DOTNET_FLAGS) -o artifacts/packages LuoInterop.sln

api:             ## Accept the public API as it is now into its golden files
	@$(BUILD) tests/LuoInterop.Tests
	@LUO_ACCEPT_API=1 dotnet test --no-build $(DOTNET_FLAGS) tests/LuoInterop.Tests --filter FullyQualifiedName~PublicApi

contract:        ## Write docs/contract.md anew from the contract scenarios
	@$(BUILD) tests/LuoInterop.Contract.Tests
	@LUO_ACCEPT_CONTRACT=1 dotnet test --no-build $(DOTNET_FLAGS) tests/LuoInterop.Contract.Tests --filter FullyQualifiedName~ContractPage

differences:     ## Write the tables of differences from Linux in docs/emulation.md and docs/programs.md anew
	@$(BUILD) tests/LuoInterop.Emulation.Tests
	@$(BUILD) tests/LuoInterop.Emulation.Server.Tests
	@LUO_ACCEPT_DIFFERENCES=1 dotnet test --no-build $(DOTNET_FLAGS) tests/LuoInterop.Emulation.Server.Tests --filter FullyQualifiedName~Page_HasTheTable
	@LUO_ACCEPT_DIFFERENCES=1 dotnet test --no-build $(DOTNET_FLAGS) tests/LuoInterop.Emulation.Tests --filter FullyQualifiedName~DifferenceTable

clean:           ## Remove what was built here (the cached kernel stays)
	@rm -rf artifacts
	@find . -type d \( -name bin -o -name obj -o -name TestResults \) -prune -exec rm -rf {} +
