using System.Runtime.CompilerServices;
using FsCheck;
using FsCheck.Fluent;
using LuoInterop.Tests.Support;

namespace LuoInterop.Tests.Lifetimes;

/// <summary>A call on a session, as the generated sequences are made of.</summary>
public enum SessionCall
{
    Preserve,
    PreserveUsedToken,
    Retrieve,
    Hold,
    Finish,
    Abort,
    Dispose,
}

/// <summary>Proves that any sequence of calls on a session ends as a small model says, the collector included.</summary>
[Collection(Alone.Name)]
public class SessionStateMachineTests
{
    [Theory]
    [InlineData(SessionDirection.Outgoing)]
    [InlineData(SessionDirection.Incoming)]
    public void AnySequence_ThenLost_EndsAsTheModelSays(SessionDirection direction)
    {
        var property = Prop.ForAll(ArbMap.Default.ArbFor<SessionCall[]>(), calls => EndsAsTheModelSays(direction, calls));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(200), property);
    }

    private static bool EndsAsTheModelSays(SessionDirection direction, SessionCall[] calls)
    {
        using var machine = new TestMachine();
        using var log = new LeakLog();
        string name = log.Prefix + "model";
        var model = new Model(direction);
        if (direction == SessionDirection.Incoming)
        {
            machine.CreateWithFile(name).HoldUntilKexec();
            machine.Kexec();
        }

        Perform(machine, model, name, calls);
        Collector.Run();
        model.Lose();
        Assert.Equal(model.Closed ? 1 : 0, machine.Kernel.CountOf("close", name));
        Assert.Equal(model.Finishes, machine.Kernel.CountOf("finish", name));
        Assert.Equal(model.Files, machine.Kernel.CountOf("preserve", name));
        Assert.Equal(model.Report is { } cause ? [cause] : [], log.All.Select(static leak => leak.Cause));
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Perform(TestMachine machine, Model model, string name, SessionCall[] calls)
    {
        LiveUpdateSession session = model.Direction == SessionDirection.Outgoing ? machine.Create(name) : machine.Retrieve(name);
        foreach (SessionCall call in calls)
        {
            string expected = model.Answer(call);
            Assert.Equal((call, expected), (call, AnswerOf(() => Call(machine, session, call, model.NextToken))));
        }
    }

    private static void Call(TestMachine machine, LiveUpdateSession session, SessionCall call, ulong token)
    {
        switch (call)
        {
            case SessionCall.Preserve or SessionCall.PreserveUsedToken:
                using (Memfd file = machine.FileOf("x"))
                {
                    session.Preserve(file, call == SessionCall.Preserve ? token : 1);
                }

                break;
            case SessionCall.Retrieve:
                session.RetrieveFile(1).Dispose();
                break;
            case SessionCall.Hold:
                session.HoldUntilKexec();
                break;
            case SessionCall.Finish:
                session.Finish();
                break;
            case SessionCall.Abort:
                session.Abort();
                break;
            case SessionCall.Dispose:
                session.Dispose();
                break;
        }
    }

    private static string AnswerOf(Action action)
    {
        try
        {
            action();
            return Model.Done;
        }
        catch (KernelException error)
        {
            return error.Errno.ToString();
        }
        catch (Exception error) when (error is InvalidOperationException)
        {
            return error.GetType().Name;
        }
    }

    /// <summary>Says what a session does, from the documentation alone.</summary>
    private sealed class Model(SessionDirection direction)
    {
        public const string Done = "done";

        private const string Disposed = nameof(ObjectDisposedException);
        private const string NotNow = nameof(InvalidOperationException);

        private bool _held;
        private bool _leaked;
        private bool _firstTokenUsed;

        public SessionDirection Direction => direction;

        public bool Closed { get; private set; }

        public int Files { get; private set; }

        public int Finishes { get; private set; }

        public SessionLeakCause? Report { get; private set; }

        public ulong NextToken { get; private set; } = 1;

        private bool IsGone => Closed || _leaked;

        private bool IsOutgoing => direction == SessionDirection.Outgoing;

        public string Answer(SessionCall call)
        {
            switch (call)
            {
                case SessionCall.Preserve:
                    NextToken++;
                    return Preserve(used: false);
                case SessionCall.PreserveUsedToken:
                    string answer = Preserve(_firstTokenUsed);
                    _firstTokenUsed |= answer == Done;
                    return answer;
                case SessionCall.Retrieve:
                    return IsOutgoing ? NotNow : IsGone ? Disposed : Finishes > 0 ? nameof(Errno.ENOENT) : Done;
                case SessionCall.Hold:
                    if (!IsOutgoing || IsGone)
                    {
                        return IsOutgoing ? Disposed : NotNow;
                    }

                    _held = true;
                    return Done;
                case SessionCall.Finish:
                    if (IsGone || IsOutgoing)
                    {
                        return IsOutgoing ? NotNow : Disposed;
                    }

                    Finishes++;
                    return Done;
                case SessionCall.Abort:
                    if (!IsOutgoing || _leaked)
                    {
                        return NotNow;
                    }

                    Closed = true;
                    return Done;
                default:
                    End(SessionLeakCause.Disposed);
                    return Done;
            }
        }

        /// <summary>Follows what the collector does to an object that nobody has any more.</summary>
        public void Lose() => End(SessionLeakCause.Collected);

        private string Preserve(bool used)
        {
            if (IsGone || !IsOutgoing || used)
            {
                return !IsOutgoing ? NotNow : IsGone ? Disposed : nameof(Errno.EEXIST);
            }

            Files++;
            return Done;
        }

        private void End(SessionLeakCause cause)
        {
            if (IsGone)
            {
                return;
            }

            Closed = IsOutgoing ? Files == 0 && !_held : Finishes > 0;
            _leaked = !Closed;
            Report = _leaked && !_held ? cause : null;
        }
    }
}
