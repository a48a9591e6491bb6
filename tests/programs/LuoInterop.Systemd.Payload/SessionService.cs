namespace LuoInterop.Systemd.Payload;

/// <summary>Uses a session that systemd made for the unit: <c>LUOSession=</c>.</summary>
internal static class SessionService
{
    private const ulong Token = 1;

    public static int Run(string name)
    {
        FileDescriptorStore store = FileDescriptorStore.Open();
        HandedSession session = store.TakeSession(name);
        Console.Out.WriteLine($"{session.Name} is {session.Direction}");
        if (session.Direction == SessionDirection.Incoming)
        {
            using Memfd kept = session.Session.RetrieveMemfd(Token);
            byte[] bytes = new byte[kept.Size];
            kept.Read(0, bytes);
            Console.Out.WriteLine("retrieved " + System.Text.Encoding.ASCII.GetString(bytes));
            session.Complete();
            session.Dispose();
            Console.Out.WriteLine("completed");
        }
        else
        {
            using Memfd file = Memfd.Create(store.Kernel, name);
            file.Write(0, "what was preserved"u8.ToArray());
            session.Preserve(file.Handle, Token);
            session.Dispose();
            Console.Out.WriteLine("preserved");
        }

        Console.Out.Flush();
        Thread.Sleep(Timeout.Infinite);
        return 0;
    }
}
