using System.Text;
using LuoInterop.Interop;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using Xunit;

namespace LuoInterop.Contract.Rows;

/// <summary>CREATE_SESSION, RETRIEVE_SESSION, GET_NAME, FINISH.</summary>
[Section(2, "CREATE_SESSION, RETRIEVE_SESSION, GET_NAME, FINISH", "kernel/liveupdate/luo_session.c")]
public static class SessionContract
{
    public static Scenario Create_ReturnsACloseOnExecDescriptorThatNamesTheSession => Scenario
        .Of("The descriptor is close-on-exec, open for reading and writing, and its link names the session.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create("a/b \u00e9");
            Assert.Equal(LibC.FD_CLOEXEC, s.Kernel.Fcntl(session.Handle, FcntlHeader.F_GETFD));
            Assert.Equal(LibC.O_RDWR, s.Kernel.Fcntl(session.Handle, FcntlHeader.F_GETFL) & LibC.O_ACCMODE);
            Assert.Equal(0, s.Kernel.ReadLink(session.Handle, out string text));
            Assert.Equal($"anon_inode:[luo_session] {session.Name}", text);
        });

    public static Scenario Create_EmptyOrUnterminatedName_EINVAL => Scenario
        .Of("A name of 0 or of 64 bytes without NUL is EINVAL.")
        .Kernel(static s =>
        {
            Refused.With(Errno.EINVAL, s.Kernel.Ioctl(s.Device.Handle, RawIoctl.CreateSession, RawIoctl.Named("")));
            Refused.With(Errno.EINVAL, s.Kernel.Ioctl(s.Device.Handle, RawIoctl.CreateSession, RawIoctl.Named(new string('x', 64))));
        });

    public static Scenario Create_NameOf63Bytes_IsKept => Scenario
        .Of("63 bytes are a legal name, complete in GET_NAME and in the link.")
        .Kernel(static s =>
        {
            string name = (s.Name() + new string('n', 63))[..63];
            using LiveUpdateSession session = s.Device.CreateSession(name);
            Assert.Equal(name, session.ReadName());
            Assert.Equal(0, s.Kernel.ReadLink(session.Handle, out string text));
            Assert.Equal("anon_inode:[luo_session] " + name, text);
        });

    public static Scenario Create_BytesAfterTheNul_AreIgnored => Scenario
        .Of("Bytes after the first NUL do not belong to the name; any other byte does.")
        .Kernel(static s =>
        {
            byte[] argument = RawIoctl.Named(s.Name("q"));
            argument[71] = 0xff;
            Refused.Not(s.Kernel.Ioctl(s.Device.Handle, RawIoctl.CreateSession, argument));
            Refused.With(Errno.EEXIST, s.Kernel.Ioctl(s.Device.Handle, RawIoctl.CreateSession, RawIoctl.Named(s.Name("q"))));
            Refused.Not(s.Kernel.Close(RawIoctl.Fd(argument)));

            byte[] odd = RawIoctl.Named([.. Encoding.ASCII.GetBytes(s.Name("odd")), 0xff, 0x0a, 0x01]);
            Refused.Not(s.Kernel.Ioctl(s.Device.Handle, RawIoctl.CreateSession, odd));
            Refused.Not(s.Kernel.Close(RawIoctl.Fd(odd)));
        });

    public static Scenario Link_HasTheNameAsGetNameTellsIt => Scenario
        .Of("The link's text has a session's name byte for byte, whatever the bytes: nothing is escaped, cut or added.")
        .Kernel(static s =>
        {
            foreach ((byte[] end, string text) in OddEnds)
            {
                byte[] argument = RawIoctl.Named([.. Encoding.ASCII.GetBytes(s.Name()), .. end]);
                Refused.Not(s.Kernel.Ioctl(s.Device.Handle, RawIoctl.CreateSession, argument));
                using var session = new SafeFileHandle(RawIoctl.Fd(argument), ownsHandle: false);
                byte[] answer = RawIoctl.Named("");
                answer.AsSpan(4, 4).Clear();
                Refused.Not(s.Kernel.Ioctl(session, RawIoctl.GetName, answer));
                Refused.Not(s.Kernel.ReadLink(session, out string link));
                Assert.Equal(argument[8..], answer[8..]);
                Assert.Equal("anon_inode:[luo_session] " + s.Name() + text, link);
                Refused.Not(s.Kernel.Close(RawIoctl.Fd(argument)));
            }
        });

    public static Scenario Adopt_KnowsAnyNameAndTheDirection => Scenario
        .Of("A session's descriptor tells name and direction to whoever holds it, for a name that is no text, too.")
        .Kernel(static s =>
        {
            foreach ((byte[] end, string text) in OddEnds)
            {
                byte[] argument = RawIoctl.Named([.. Encoding.ASCII.GetBytes(s.Name()), .. end]);
                Refused.Not(s.Kernel.Ioctl(s.Device.Handle, RawIoctl.CreateSession, argument));
                LiveUpdateSession session = LiveUpdateSession.Adopt(s.Kernel, RawIoctl.Fd(argument));
                Assert.Equal((s.Name() + text, SessionDirection.Outgoing), (session.Name, session.Direction));
                session.Abort();
            }

            s.Create().HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            int fd = (int)Refused.Not(s.Kernel.Fcntl(s.Retrieve().Handle, FcntlHeader.F_DUPFD_CLOEXEC));
            Assert.Throws<ArgumentException>(() => LiveUpdateSession.Adopt(s.Kernel, fd, SessionDirection.Outgoing));
            LiveUpdateSession session = LiveUpdateSession.Adopt(s.Kernel, fd, SessionDirection.Incoming);
            Assert.Equal((s.Name(), SessionDirection.Incoming), (session.Name, session.Direction));
            session.Finish();
            session.Dispose();
        });

    public static Scenario Create_NameInUse_EEXIST_FreeAgainAfterClose => Scenario
        .Of("Two outgoing sessions cannot share a name; it is free as soon as the first is closed.")
        .Kernel(static s =>
        {
            LiveUpdateSession first = s.Create("twice");
            KernelException error = Refused.With(Errno.EEXIST, () => s.Device.CreateSession(first.Name));
            Assert.Equal(first.Name, error.Session);
            first.Abort();
            s.Device.CreateSession(first.Name).Dispose();
        });

    public static Scenario Create_ArgumentThatCannotBeWritten_EFAULT_AndNoSession => Scenario
        .Of("When the descriptor cannot be written back the session is destroyed again (luo_ioctl_create_session).")
        .Kernel(static s =>
        {
            using (var page = UserMemory.ReadOnly(s.Kernel, RawIoctl.Named(s.Name("ro"))))
            {
                Refused.With(Errno.EFAULT, s.Kernel.Ioctl(s.Device.Handle, RawIoctl.CreateSession, page.Address));
            }

            s.Device.CreateSession(s.Name("ro")).Dispose();
        });

    public static Scenario Retrieve_UnknownName_ENOENT => Scenario
        .Of("A name that no incoming session has is ENOENT, an outgoing session's and an ill-formed one too.")
        .Kernel(static s =>
        {
            LiveUpdateSession outgoing = s.Create();
            Refused.With(Errno.ENOENT, () => s.Device.RetrieveSession(outgoing.Name));
            Assert.False(s.Device.TryRetrieveSession(outgoing.Name, out _));
            Refused.With(Errno.ENOENT, s.Kernel.Ioctl(s.Device.Handle, RawIoctl.RetrieveSession, RawIoctl.Named("")));
            Refused.With(Errno.ENOENT, s.Kernel.Ioctl(s.Device.Handle, RawIoctl.RetrieveSession, RawIoctl.Named(new string('x', 64))));
        });

    public static Scenario Retrieve_WhileItIsOpen_EINVAL => Scenario
        .Of("A session that is retrieved and still open cannot be retrieved again.")
        .Kernel(static s => s.Create().HoldUntilKexec())
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            Assert.Equal(0, s.Kernel.ReadLink(session.Handle, out string text));
            Assert.Equal($"anon_inode:[luo_session] {session.Name}", text);
            Refused.With(Errno.EINVAL, () => s.Device.RetrieveSession(session.Name));
            Refused.With(Errno.EINVAL, () => s.Device.TryRetrieveSession(session.Name, out _));
        });

    public static Scenario Retrieve_ArgumentThatCannotBeWritten_EFAULT_AndTheSessionIsGone => Scenario
        .Of("When the descriptor cannot be written back the retrieved session is released, which finishes it: gone for good.")
        .Kernel(static s => s.Create().HoldUntilKexec())
        .Kernel(static s =>
        {
            using var page = UserMemory.ReadOnly(s.Kernel, RawIoctl.Named(s.Name()));
            Refused.With(Errno.EFAULT, s.Kernel.Ioctl(s.Device.Handle, RawIoctl.RetrieveSession, page.Address));
            Assert.False(s.Device.TryRetrieveSession(s.Name(), out _));
        });

    public static Scenario GetName_GivesTheName_RefusesReserved => Scenario
        .Of("GET_NAME writes the name, NUL-terminated; a reserved field that is not zero is EINVAL.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            Assert.Equal(session.Name, session.ReadName());
            byte[] argument = RawIoctl.Named("");
            argument[4] = 1;
            argument[5] = argument[6] = argument[7] = 0;
            Refused.With(Errno.EINVAL, s.Kernel.Ioctl(session.Handle, RawIoctl.GetName, argument));
            session.HoldUntilKexec();
        })
        .Kernel(static s => Assert.Equal(s.Name(), s.Retrieve().ReadName()));

    public static Scenario Finish_ReservedNotZero_EINVAL_AndNothingIsFinished => Scenario
        .Of("FINISH with a reserved field that is not zero is EINVAL (since 7.2.6), and does nothing.")
        .Kernel(static s => s.HoldFiles((7, 8192, 3)))
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            Refused.With(Errno.EINVAL, s.Kernel.Ioctl(session.Handle, RawIoctl.Finish, RawIoctl.FinishArgument(reserved: 1)));
            Pattern.Verify(s.Own(session.RetrieveMemfd(7)), 8192, 3);
        });

    public static Scenario Finish_Twice_Succeeds_AndTheSessionIsEmpty => Scenario
        .Of("After FINISH the session stays open: a second FINISH is 0, RETRIEVE_FD ENOENT, PRESERVE_FD EINVAL, GET_NAME works.")
        .Kernel(static s => s.HoldFiles((1, 4096, 4), (2, 4096, 5)))
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            Memfd kept = s.Own(session.RetrieveMemfd(1));
            session.Finish();
            session.Finish();
            Refused.With(Errno.ENOENT, () => session.RetrieveMemfd(1));
            Refused.With(Errno.ENOENT, () => session.RetrieveMemfd(2));
            Refused.With(Errno.EINVAL, s.Kernel.Ioctl(session.Handle, RawIoctl.PreserveFd, RawIoctl.File(RawIoctl.Number(kept.Handle), 3)));
            Assert.Equal(session.Name, session.ReadName());
            Refused.With(Errno.EINVAL, () => s.Device.RetrieveSession(session.Name));
            Pattern.Verify(kept, 4096, 4);
        });

    public static Scenario Finish_OnAnOutgoingSession_EINVAL => Scenario
        .Of("Only a retrieved session can be finished: EINVAL, and the library does not even ask.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            Refused.With(Errno.EINVAL, s.Kernel.Ioctl(session.Handle, RawIoctl.Finish, RawIoctl.FinishArgument()));
            Assert.Throws<InvalidOperationException>(session.Finish);
        });

    public static Scenario ObjectsMadeBefore_HoldWhatTheKernelReturns => Scenario
        .Of("A session's object and a file's handle that were made before hold what the kernel returns, and are as before where "
            + "it refuses.")
        .Kernel(static s =>
        {
            LiveUpdateSession other = s.Create();
            var session = new LiveUpdateSession(s.Kernel, s.Name());
            Assert.Equal((s.Name(), SessionDirection.None), (session.Name, session.Direction));
            Refused.With(Errno.EEXIST, () => s.Device.CreateSession(session));
            Refused.With(Errno.ENOENT, () => s.Device.RetrieveSession(session));
            Assert.True(session.Handle.IsInvalid);

            other.Abort();
            s.Device.CreateSession(session);
            Assert.Equal(SessionDirection.Outgoing, session.Direction);
            Assert.Equal(s.Name(), session.ReadName());
            session.Preserve(s.MemfdWith(4096, 6), 1);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            var session = new LiveUpdateSession(s.Kernel, s.Name());
            s.Device.RetrieveSession(session);
            Assert.Equal(SessionDirection.Incoming, session.Direction);
            Memfd memfd = s.Own(new Memfd(new KernelHandle(s.Kernel)));
            Refused.With(Errno.ENOENT, () => session.RetrieveFile(2, memfd.Handle));
            Assert.True(memfd.Handle.IsInvalid);
            session.RetrieveFile(1, memfd.Handle);
            session.Finish();
            session.Dispose();
            Pattern.Verify(memfd, 4096, 6);
        });

    // What d_path and its callers treat apart elsewhere, the longest name, and what is no UTF-8; beside it how that is shown:
    // such a byte as \xNN.
    private static IEnumerable<(byte[] End, string Text)> OddEnds =>
    [
        .. ((string[])[" with  spaces ", " (deleted)", "\\012", "//../.", "\u00e9\u4e2d\U0001F600", "[luo_session] ", new('n', 63 - 11)])
            .Append(string.Concat(Enumerable.Range(1, 31).Select(static value => (char)value)))
            .Select(static text => (Encoding.UTF8.GetBytes(text), text)),
        ([0xff], @"\xff"), ([0xc3], @"\xc3"), ([0xed, 0xa0, 0x80], @"\xed\xa0\x80"), ([0x7f, 0x80, 0x9f], "\u007f" + @"\x80\x9f"),
    ];
}
