using LuoInterop.Tests.Shared;

namespace LuoInterop.Tests.Support;

/// <summary>Runs an action as a user whom mode bits keep out, also where the tests run as root.</summary>
internal static class AsNobody
{
    private const uint Nobody = 65534;

    public static int Run(Func<int> action)
    {
        int result = 0;
        var thread = new Thread(() =>
        {
            // Changes the user for this thread's file calls only (setfsuid(2)); the thread ends afterwards.
            if (Environment.IsPrivilegedProcess)
            {
                _ = FileSystemUser.setfsuid(Nobody);
            }

            result = action();
        });
        thread.Start();
        thread.Join();
        return result;
    }
}
