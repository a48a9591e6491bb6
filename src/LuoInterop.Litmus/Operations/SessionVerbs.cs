using LuoInterop.Interop;
using LuoInterop.Litmus.Language;
using Tmds.Linux;

namespace LuoInterop.Litmus.Operations;

/// <summary>Makes the six requests as a careful program does: whole structures in writable memory.</summary>
internal static class SessionVerbs
{
    public static IReadOnlyList<Verb> All { get; } =
    [
        new(
            "open",
            "NAME = open [flags=RDWR|...]",
            "Opens `/dev/liveupdate`; read and write, close-on-exec, unless flags say otherwise.",
            static arguments =>
            {
                long flags = arguments.OptionalFlags("flags", Flags.Open) ?? LibC.O_RDWR | LibC.O_CLOEXEC;
                return new((process, target) => process.Assign(target, process.Kernel.Open(LiveUpdateDevice.DefaultPath, (int)flags)));
            }),
        new(
            "create_session",
            "NAME = create_session DEVICE \"name\"",
            "LIVEUPDATE_IOCTL_CREATE_SESSION.",
            static arguments => Named(arguments, LiveUpdateHeader.LIVEUPDATE_IOCTL_CREATE_SESSION)),
        new(
            "retrieve_session",
            "NAME = retrieve_session DEVICE \"name\"",
            "LIVEUPDATE_IOCTL_RETRIEVE_SESSION.",
            static arguments => Named(arguments, LiveUpdateHeader.LIVEUPDATE_IOCTL_RETRIEVE_SESSION)),
        new(
            "preserve_fd",
            "preserve_fd SESSION FILE token=N",
            "LIVEUPDATE_SESSION_PRESERVE_FD. FILE is a descriptor's name.",
            static arguments =>
            {
                string session = arguments.Descriptor();
                string file = arguments.Descriptor();
                long token = arguments.OptionalNumber("token") ?? throw arguments.Wrong("token= is missing.");
                return new((process, _) =>
                {
                    if (process.Find(session) is not { } handle || process.Find(file) is not { } preserved)
                    {
                        return LitmusProcess.Unset;
                    }

                    byte[] structure = Structure.File((int)preserved.DangerousGetHandle(), token);
                    return LitmusProcess.Describe(process.Kernel.Ioctl(handle, LiveUpdateHeader.LIVEUPDATE_SESSION_PRESERVE_FD, structure));
                });
            }),
        new(
            "retrieve_fd",
            "NAME = retrieve_fd SESSION token=N",
            "LIVEUPDATE_SESSION_RETRIEVE_FD.",
            static arguments =>
            {
                string session = arguments.Descriptor();
                long token = arguments.OptionalNumber("token") ?? throw arguments.Wrong("token= is missing.");
                return new((process, target) =>
                {
                    if (process.Find(session) is not { } handle)
                    {
                        return LitmusProcess.Unset;
                    }

                    byte[] structure = Structure.File(-1, token);
                    int error = process.Kernel.Ioctl(handle, LiveUpdateHeader.LIVEUPDATE_SESSION_RETRIEVE_FD, structure);
                    return process.Assign(target, error < 0 ? error : Structure.Fd(structure));
                });
            }),
        new(
            "finish",
            "finish SESSION",
            "LIVEUPDATE_SESSION_FINISH.",
            static arguments =>
            {
                string session = arguments.Descriptor();
                return new((process, _) =>
                    process.On(session, handle =>
                        process.Kernel.Ioctl(handle, LiveUpdateHeader.LIVEUPDATE_SESSION_FINISH, Structure.Finish(0))));
            }),
        new(
            "get_name",
            "get_name SESSION",
            "LIVEUPDATE_SESSION_GET_NAME; the name is observed.",
            static arguments =>
            {
                string session = arguments.Descriptor();
                return new((process, _) =>
                {
                    if (process.Find(session) is not { } handle)
                    {
                        return LitmusProcess.Unset;
                    }

                    byte[] structure = Structure.Named(null, process.Prefix);
                    structure.AsSpan(Structure.SecondWord, sizeof(int)).Clear();
                    int error = process.Kernel.Ioctl(handle, LiveUpdateHeader.LIVEUPDATE_SESSION_GET_NAME, structure);
                    return error < 0
                        ? LitmusProcess.Describe(error)
                        : SessionNameField.Describe(structure.AsSpan(Structure.Payload), process.Prefix);
                });
            }),
    ];

    private static LitmusOperation Named(Arguments arguments, uint request)
    {
        string device = arguments.Descriptor();
        SessionNameField name = arguments.Name();
        return new((process, target) =>
        {
            if (process.Find(device) is not { } handle)
            {
                return LitmusProcess.Unset;
            }

            byte[] structure = Structure.Named(name, process.Prefix);
            int error = process.Kernel.Ioctl(handle, request, structure);
            return process.Assign(target, error < 0 ? error : Structure.Fd(structure));
        });
    }
}
