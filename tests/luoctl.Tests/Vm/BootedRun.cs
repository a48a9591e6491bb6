using System.Text;
using System.Text.Json;
using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;
using Xunit;

namespace LuoInterop.Cli.Tests.Vm;

/// <summary>Boots Linux and asks luoctl in it: cold and after a kexec, and with what is forgotten on the command line.</summary>
public sealed class BootedRun : IAsyncLifetime
{
    // Two questions at a time, which takes less. A shell that holds the device does not give it to what it starts.
    private const string Ask = """
        run() {
          name=$1; shift
          "$LUOCTL" "$@" --json > "/tmp/$name" 2>> /tmp/errors 9>&-
          echo $? > "/tmp/$name.code"
        }
        tell() {
          luo-guest value "$1" "$(cat "/tmp/$1.code")"
          luo-guest file "$1" "/tmp/$1"
        }
        ask() { run "$@"; tell "$1"; }
        describe() { cd "$1" && find tree one ! -type l | sort | xargs stat -c '%n %a %Y %F' && cat one tree/link | sha256sum; cd /; }
        run doctor doctor & other=$!
        ask kho kho; wait $other; tell doctor
        """;

    private const string Jump = """
        if [ "$(luo-guest stage)" = 1 ]; then
          exec 9<>/dev/liveupdate
          run held doctor --check device-holder 9>&- & other=$!
          ask held-sessions sessions; wait $other; tell held
          exec 9>&-
          mkdir -p /tmp/tree/sub && echo content > /tmp/tree/sub/file && ln -s sub/file /tmp/tree/link
          head -c 3000000 /dev/urandom > /tmp/one
          chmod 750 /tmp/tree && chmod 4711 /tmp/one && touch -d @1000000000 /tmp/tree/sub/file /tmp/one /tmp/tree/sub
          luo-guest value tree "$(describe /tmp)"
          echo piped | "$LUOCTL" preserve by-hand /tmp/tree /tmp/one - > /tmp/preserved 2>> /tmp/errors &
          until grep -q held /tmp/preserved; do kill -0 $! || exit 1; sleep 0.2; done
          luo-guest load
          run loaded doctor --check kexec-loaded --check kexec-load-call & other=$!
          ask preserved-sessions sessions; wait $other; tell loaded
          start() { name=$1; shift; run "$name" kexec /run/luo/bzImage --initrd /run/luo/initrd "$@" < /dev/null; }
          next="$(sed 's/luo.stage=[0-9]*//' /proc/cmdline) luo.stage=2"
          exec 9<>/dev/liveupdate
          start kexec-held --cmdline "$next" --session nobody --wait 0.5 --yes & other=$!
          start kexec-off --cmdline "$next kho=off" --wait 0 --dry-run; wait $other; tell kexec-held; tell kexec-off
          exec 9>&-
          # the kernel does not tell which memory files it writes; its image does, if it is named or where distributions put it
          start kexec-from --cmdline "$next" --from /run/luo/bzImage --session by-hand --dry-run & other=$!
          start kexec-unknown --cmdline "$next" --session by-hand --yes; wait $other; tell kexec-from; tell kexec-unknown
          mount -t tmpfs tmpfs /boot && ln -s /run/luo/bzImage "/boot/vmlinuz-$(uname -r)"
          start kexec-ready --cmdline "$next" --session by-hand --dry-run & other=$!
          start kexec-unasked --cmdline "$next"; wait $other; tell kexec-ready; tell kexec-unasked
          umount /boot
          luo-guest file errors /tmp/errors
          luo-guest flush
          start kexec --cmdline "$next" --from /run/luo/bzImage --session by-hand --yes
          cat /tmp/errors >&2
          exit 1
        fi
        ask retrieved retrieve by-hand --to /tmp/back
        luo-guest value tree "$(describe /tmp/back)"
        luo-guest value pipe "$(cat /tmp/back/stdin)"
        ask again retrieve by-hand --to /tmp/back
        luo-guest file errors /tmp/errors
        """;

    public VmResult Ordinary { get; private set; } = null!;

    public VmResult WithoutLiveUpdate { get; private set; } = null!;

    public VmResult WithoutKho { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        KernelBuild kernel = await KernelBuild.GetAsync();
        Ordinary = await VirtualMachine.RunAsync(Options(kernel, $"{Ask}\n{Jump}") with { ExpectedKernels = 2 });
        WithoutLiveUpdate = await VirtualMachine.RunAsync(Options(kernel, Ask) with { LiveUpdate = false });
        WithoutKho = await VirtualMachine.RunAsync(Options(kernel, $"{Ask}\nask sessions sessions") with { KexecHandover = false });
    }

    public Task DisposeAsync() => Task.CompletedTask;

    /// <summary>Gets a document that luoctl wrote in one of a run's kernels, after its schema.</summary>
    internal static JsonElement Document(VmResult result, string name, string schema, int stage = 1)
    {
        Assert.True(result.Outcome == VmOutcome.Passed, result.ToString());
        GuestFile file = Assert.Single(result.Files, file => file.Stage == stage && file.Name == name);
        return Schemas.Hold(schema, Encoding.UTF8.GetString(file.Content.Span));
    }

    /// <summary>Gets the exit code of what wrote it.</summary>
    internal static string Code(VmResult result, string name, int stage = 1) =>
        Assert.Single(result.Values, value => value.Stage == stage && value.Name == name).Value;

    /// <summary>Gets a row's verdict.</summary>
    internal static string Verdict(JsonElement doctor, string id) =>
        doctor.GetProperty("checks").EnumerateArray().Single(row => row.GetProperty("id").GetString() == id).GetProperty("verdict")
            .GetString()!;

    private static VmOptions Options(KernelBuild kernel, string script) => new()
    {
        Kernel = kernel,
        Command = ["/bin/bash", "-c", script],
        Environment = new Dictionary<string, string> { ["LUOCTL"] = NativePrograms.Luoctl },
    };
}
