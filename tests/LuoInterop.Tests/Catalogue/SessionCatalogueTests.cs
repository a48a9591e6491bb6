using LuoInterop.Tests.Support;

namespace LuoInterop.Tests.Catalogue;

/// <summary>Proves that names lead to their files again after an emulated kexec, and that what cannot be used is named.</summary>
public sealed class SessionCatalogueTests : IDisposable
{
    private static readonly string[] Names = ["ram", "state \u20ac", "\"quoted\""];

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    private LiveUpdateSession HandOver(Action<LiveUpdateSession> fill)
    {
        LiveUpdateSession session = _machine.Create("catalogue");
        fill(session);
        session.HoldUntilKexec();
        _machine.Kexec();
        return _machine.Retrieve("catalogue");
    }

    private static void End(LiveUpdateSession session)
    {
        session.Finish();
        session.Dispose();
    }

    [Fact]
    public void Retrieve_ByName_GivesEachFileBack()
    {
        LiveUpdateSession session = HandOver(outgoing =>
        {
            SessionCatalogue catalogue = SessionCatalogue.Create(outgoing);
            foreach (string name in Names)
            {
                using Memfd file = _machine.FileOf("content of " + name);
                catalogue.Preserve(name, file, MemfdChecksum.Sha256(file));
            }

            catalogue.Commit();
        });
        SessionCatalogue read = SessionCatalogue.Open(session);
        Assert.Equal(1, read.Document.KexecsCount);
        foreach (string name in Names)
        {
            Assert.True(read.Contains(name));
            using Memfd file = read.Retrieve(name);
            read.Verify(name, file);
            var bytes = new byte[file.Size];
            file.Read(0, bytes);
            Assert.Equal("content of " + name, System.Text.Encoding.UTF8.GetString(bytes));
        }

        Assert.Equal(SessionCatalogueFault.NoEntry, Assert.Throws<SessionCatalogueException>(() => read.Retrieve("other")).Fault);
        End(session);
    }

    [Theory]
    [InlineData(true, null)]
    [InlineData(false, "")]
    public void Preserve_EntryThatCannotBeWritten_LeavesTheFileAlone(bool surrogate, string? checksum)
    {
        // An attribute cannot hold a lone surrogate.
        string name = surrogate ? "lone \ud800 surrogate" : "name";
        LiveUpdateSession session = HandOver(outgoing =>
        {
            SessionCatalogue catalogue = SessionCatalogue.Create(outgoing);
            using Memfd file = _machine.FileOf("content");
            Assert.Throws<ArgumentException>(() => catalogue.Preserve(name, file, checksum));

            // Had it been preserved, this would be EBUSY.
            catalogue.Preserve("good", file);
            catalogue.Commit();
        });
        using Memfd good = SessionCatalogue.Open(session).Retrieve("good");
        Assert.Equal(7, good.Size);
        End(session);
    }

    [Fact]
    public void Preserve_TokenOfSomebodyElse_TakesTheNext()
    {
        LiveUpdateSession session = _machine.Create("tokens");
        using Memfd first = _machine.FileOf("1");
        using Memfd second = _machine.FileOf("2");
        session.Preserve(first, 1);
        Assert.Equal(2UL, SessionCatalogue.Create(session).Preserve("second", second));
        session.Abort();
    }

    [Fact]
    public void Preserve_Refused_LeavesNoEntry()
    {
        LiveUpdateSession session = _machine.Create("refused");
        using Memfd file = _machine.FileOf("1");
        SessionCatalogue catalogue = SessionCatalogue.Create(session);
        catalogue.Preserve("one", file);
        Assert.Equal(Errno.EBUSY, Assert.Throws<KernelException>(() => catalogue.Preserve("two", file)).Errno);
        Assert.Throws<ArgumentException>(() => catalogue.Preserve("one", file));
        Assert.Equal("one", Assert.Single(catalogue.Document.Entries).Name);
        session.Abort();
    }

    [Fact]
    public void Commit_Twice_TheLastOneCounts()
    {
        LiveUpdateSession session = HandOver(outgoing =>
        {
            using SessionCatalogue catalogue = SessionCatalogue.Create(outgoing);
            catalogue.Commit();
            using Memfd file = _machine.FileOf("late");
            catalogue.Preserve("late", file);
            catalogue.Commit();
            using Memfd latest = _machine.FileOf("latest");
            catalogue.Preserve("not committed", latest);
        });
        SessionCatalogue read = SessionCatalogue.Open(session);
        using Memfd late = read.Retrieve("late");
        Assert.Equal(4, late.Size);
        Assert.False(read.Contains("not committed"));
        End(session);
    }

    [Fact]
    public void Commit_NoLongerFits_SaysTooLargeAndTheEarlierOneCounts()
    {
        LiveUpdateSession session = HandOver(outgoing =>
        {
            using SessionCatalogue catalogue = SessionCatalogue.Create(outgoing);
            using Memfd file = _machine.FileOf("first");
            catalogue.Preserve("first", file);
            catalogue.Commit();
            for (int i = 0; i < 100; i++)
            {
                using Memfd more = _machine.FileOf("more");
                catalogue.Preserve($"more {i}", more);
            }

            Assert.Equal(SessionCatalogueFault.TooLarge, Assert.Throws<SessionCatalogueException>(catalogue.Commit).Fault);
        });
        Assert.Equal("first", Assert.Single(SessionCatalogue.Open(session).Document.Entries).Name);
        End(session);
    }

    [Fact]
    public void PreserveBytes_ReplacedInPlaceAndByALargerOne_TheLastOneCounts()
    {
        byte[] large = new byte[10_000];
        Random.Shared.NextBytes(large);
        LiveUpdateSession session = HandOver(outgoing =>
        {
            using SessionCatalogue catalogue = SessionCatalogue.Create(outgoing);
            ulong token = catalogue.PreserveBytes("small", "first, and long"u8);
            Assert.Equal(token, catalogue.PreserveBytes("small", "second"u8, 2));
            catalogue.PreserveBytes("empty", []);
            Assert.NotEqual(catalogue.PreserveBytes("large", "x"u8), catalogue.PreserveBytes("large", large, 7));
            catalogue.Commit();
        });
        SessionCatalogue read = SessionCatalogue.Open(session);
        Assert.Equal("second"u8, read.RetrieveBytes("small", 2, out int version));
        Assert.Equal(2, version);
        Assert.Empty(read.RetrieveBytes("empty", 1, out _));
        Assert.Equal(large, read.RetrieveBytes("large", 9, out version));
        Assert.Equal(7, version);
        Assert.Equal(
            SessionCatalogueFault.NewerVersion,
            Assert.Throws<SessionCatalogueException>(() => read.RetrieveBytes("large", 6, out _)).Fault);
        Assert.Equal(
            SessionCatalogueFault.NoEntry, Assert.Throws<SessionCatalogueException>(() => read.RetrieveBytes("none", 1, out _)).Fault);
        End(session);
    }

    [Fact]
    public void PreserveBytes_ThatCannotBe_ChangesNothing()
    {
        LiveUpdateSession session = _machine.Create("bytes");
        using SessionCatalogue catalogue = SessionCatalogue.Create(session);
        using Memfd file = _machine.FileOf("file");
        catalogue.Preserve("file", file);
        Assert.Throws<ArgumentException>(() => catalogue.PreserveBytes("file", "x"u8));
        Assert.Throws<ArgumentException>(() => catalogue.PreserveBytes("\ud800", "x"u8));
        Assert.Throws<ArgumentOutOfRangeException>(() => catalogue.PreserveBytes("zero", "x"u8, 0));
        Assert.Throws<ArgumentException>(() => catalogue.PreserveBytes("huge", new byte[SessionCatalogue.MaximumStateBytes + 1]));
        catalogue.PreserveBytes("state", "x"u8);
        Assert.Throws<ArgumentException>(() => catalogue.Preserve("state", file));
        Assert.Equal(["file", "state"], catalogue.Document.Entries.Select(static entry => entry.Name));
        session.Abort();
    }

    [Fact]
    public void RetrieveBytes_DamagedState_SaysMismatch()
    {
        LiveUpdateSession session = HandOver(outgoing =>
        {
            using SessionCatalogue catalogue = SessionCatalogue.Create(outgoing);
            catalogue.PreserveBytes("state", "as it was written"u8);
            catalogue.Commit();

            // What a jump of somebody else leaves, that comes between a state and its catalogue.
            catalogue.PreserveBytes("state", "as it was changed"u8);
        });
        SessionCatalogue read = SessionCatalogue.Open(session);
        Assert.Equal(
            SessionCatalogueFault.ContentMismatch,
            Assert.Throws<SessionCatalogueException>(() => read.RetrieveBytes("state", 1, out _)).Fault);
        using Memfd file = read.Retrieve("state");
        Assert.Equal(4096, file.Size);
        End(session);
    }

    [Fact]
    public void Commit_TokenZeroTaken_IsRefused()
    {
        LiveUpdateSession session = _machine.Create("zero");
        using Memfd file = _machine.FileOf("zero");
        session.Preserve(file, SessionCatalogue.Token);
        Assert.Equal(Errno.EEXIST, Assert.Throws<KernelException>(() => SessionCatalogue.Create(session).Commit()).Errno);
        session.Abort();
    }

    [Fact]
    public void Open_WithoutCatalogue_SaysMissingAndFreesNothing()
    {
        LiveUpdateSession session = _machine.Incoming("plain");
        Assert.Equal(SessionCatalogueFault.Missing, Assert.Throws<SessionCatalogueException>(() => SessionCatalogue.Open(session)).Fault);
        Assert.Equal("plain", TestMachine.ContentOf(session));
        End(session);
    }

    [Fact]
    public void OpenAndCreate_SessionOfTheOtherDirection_AreRefused()
    {
        LiveUpdateSession session = _machine.Incoming("direction");
        Assert.Throws<ArgumentException>(() => SessionCatalogue.Create(session));
        End(session);
        using LiveUpdateSession outgoing = _machine.Create("direction");
        Assert.Throws<InvalidOperationException>(() => SessionCatalogue.Open(outgoing));
    }

    [Fact]
    public void Verify_ContentChangedAfterItsChecksum_SaysMismatch()
    {
        LiveUpdateSession session = HandOver(outgoing =>
        {
            SessionCatalogue catalogue = SessionCatalogue.Create(outgoing);
            using Memfd file = _machine.FileOf("before");
            catalogue.Preserve("file", file, MemfdChecksum.Sha256(file));
            catalogue.Commit();
            file.Write(0, "after!"u8);
        });
        SessionCatalogue read = SessionCatalogue.Open(session);
        using Memfd retrieved = read.Retrieve("file");
        Assert.Equal(
            SessionCatalogueFault.ContentMismatch, Assert.Throws<SessionCatalogueException>(() => read.Verify("file", retrieved)).Fault);
        End(session);
    }

    [Fact]
    public void Open_SystemdsDocument_FindsTheUnitsFiles()
    {
        LiveUpdateSession session = HandOver(outgoing =>
        {
            using Memfd mapping = _machine.FileOf(Texts.Systemd);
            using Memfd cache = _machine.FileOf("cache content");
            outgoing.Preserve(mapping, 0);
            outgoing.Preserve(cache, 1);
        });
        SessionCatalogue read = SessionCatalogue.Open(session, "web.service");
        using Memfd file = read.Retrieve("cache");
        Assert.Equal("cache content".Length, file.Size);
        Assert.Equal(SessionCatalogueFault.NoEntry, Assert.Throws<SessionCatalogueException>(() => read.Retrieve("own")).Fault);
        End(session);
    }

    [Fact]
    public void Create_FromThePreviousCatalogue_CountsOn()
    {
        LiveUpdateSession session = HandOver(static outgoing => SessionCatalogue.Create(outgoing).Commit());
        CatalogueDocument previous = SessionCatalogue.Open(session).Document;
        End(session);
        using LiveUpdateSession next = _machine.Create("next");
        Assert.Equal(2, SessionCatalogue.Create(next, previous: previous).Document.KexecsCount);
        Assert.Equal(1, previous.KexecsCount);
    }
}
