using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;

namespace LuoInterop.Emulation.Boot;

/// <summary>Permits the loading of images and counts it (kexec_load_permitted and the sysctl table of kernel/kexec_core.c).</summary>
internal sealed class KexecLimits
{
    private const int NoLimit = -1;

    private int _reboot = NoLimit;
    private int _panic = NoLimit;
    private int _isDisabled;

    /// <summary>Tells whether an image may be loaded or unloaded now, and lowers the limit.</summary>
    /// <param name="crash">Whether it is one for a crash.</param>
    public bool Permit(bool crash) => _isDisabled == 0 && Lower(ref crash ? ref _panic : ref _reboot);

    /// <summary>Adds the files of <c>/proc/sys/kernel</c>.</summary>
    public void AddTo(KernelFiles files)
    {
        Add("kexec_load_limit_reboot", () => _reboot, value => Limit(ref _reboot, value));
        Add("kexec_load_limit_panic", () => _panic, value => Limit(ref _panic, value));

        // proc_dointvec_minmax with 1 as both: there is no way back.
        Add("kexec_load_disabled", () => _isDisabled, value => value == 1 ? _isDisabled = 1 : Refused.EINVAL);

        void Add(string name, Func<int> get, Func<int, int> set) =>
            files.Add("/proc/sys/kernel/" + name, new SysctlNode(get, set) { FileSystemType = KernelFileNode.ProcFs });
    }

    private static bool Lower(ref int limit)
    {
        if (limit == 0)
        {
            return false;
        }

        limit = limit == NoLimit ? NoLimit : limit - 1;
        return true;
    }

    // kexec_limit_handler: once there is a limit it can only be lowered.
    private static int Limit(ref int limit, int value) =>
        value < 0 || (limit != NoLimit && value >= limit) ? Refused.EINVAL : limit = value;
}
