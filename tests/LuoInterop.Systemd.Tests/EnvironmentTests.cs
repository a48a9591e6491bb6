using System.Globalization;
using LuoInterop.Systemd.Store;
using Xunit;

namespace LuoInterop.Systemd.Tests;

public sealed class EnvironmentTests
{
    private static readonly ServiceEnvironment s_service = new() { NotifySocket = "@x", FdStore = "3" };

    [Theory]
    [InlineData(null, "3", StoreRefusal.NoServiceManager)]
    [InlineData("", "3", StoreRefusal.NoServiceManager)]
    [InlineData("@x", null, StoreRefusal.NoStore)]
    [InlineData("@x", "0", StoreRefusal.NoStore)]
    public void NoStore_IsSaid(string? socket, string? store, StoreRefusal refusal)
    {
        var environment = new ServiceEnvironment { NotifySocket = socket, FdStore = store };
        Assert.False(FileDescriptorStore.TryOpen(Kernel.Linux, environment, out _, out FileDescriptorStoreException? why));
        Assert.Equal(refusal, why!.Refusal);
    }

    [Theory]
    [InlineData("1", null, null, "3")]
    [InlineData("x", "1", "a", "3")]
    [InlineData("self", "-1", "a", "3")]
    [InlineData("self", "99999999999", "a", "3")]
    [InlineData("self", "2", "a", "3")]
    [InlineData("self", "1", "a:b", "3")]
    [InlineData("self", "1", "a\u0001", "3")]
    [InlineData("self", "1", "a", "three")]
    public void MalformedEnvironment_IsANamedError_AndNothingIsTaken(string pid, string? fds, string? names, string store)
    {
        using Memfd file = StoreTests.Written("mine");
        ServiceEnvironment environment = s_service with
        {
            ListenPid = pid == "self" ? Environment.ProcessId.ToString(CultureInfo.InvariantCulture) : pid,
            ListenFds = fds,
            ListenFdNames = names,
            FdStore = store,
            FirstDescriptor = (int)file.Handle.DangerousGetHandle(),
        };
        if (fds is null)
        {
            Assert.True(FileDescriptorStore.TryOpen(Kernel.Linux, environment, out FileDescriptorStore? none, out _));
            using (none)
            {
                Assert.Empty(none!.Received);
            }
        }
        else
        {
            FileDescriptorStoreException error = Assert.Throws<FileDescriptorStoreException>(
                () => FileDescriptorStore.TryOpen(Kernel.Linux, environment, out _, out _));
            Assert.Equal(StoreRefusal.MalformedEnvironment, error.Refusal);
        }

        Assert.Equal("mine", StoreTests.Text(file));
    }

    [Fact]
    public void DescriptorThatIsNotOpen_IsANamedError()
    {
        ServiceEnvironment environment = s_service with
        {
            ListenPid = Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
            ListenFds = "1",
            ListenFdNames = "a",
            FirstDescriptor = 1_000_000,
        };
        FileDescriptorStoreException error = Assert.Throws<FileDescriptorStoreException>(
            () => FileDescriptorStore.TryOpen(Kernel.Linux, environment, out _, out _));
        Assert.Contains("1000000 is not open", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DescriptorsOfAnotherProcess_AreLeftAlone()
    {
        using Memfd file = StoreTests.Written("mine");
        ServiceEnvironment environment = s_service with
        {
            ListenPid = "1",
            ListenFds = "1",
            ListenFdNames = "a",
            FirstDescriptor = (int)file.Handle.DangerousGetHandle(),
        };
        Assert.Empty(environment.Receive(Kernel.Linux));

        // The number of the process is ours again, and the process is another.
        if (ServiceEnvironment.PidFdIdOfThisProcess(Kernel.Linux) is { } id)
        {
            environment = environment with
            {
                ListenPid = Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
                ListenPidFdId = (id + 1).ToString(CultureInfo.InvariantCulture),
            };
            Assert.Empty(environment.Receive(Kernel.Linux));

            // systemd 262 writes that of another process where it makes a namespace of processes (PrivatePIDs=yes).
            using Memfd passed = StoreTests.Written("passed");
            environment = environment with { ListenPid = "1", ProcessId = 1, FirstDescriptor = (int)passed.Handle.DangerousGetHandle() };
            passed.Handle.SetHandleAsInvalid();
            using KernelHandle received = environment.Receive(Kernel.Linux).Take("a");
            Assert.False(received.IsInvalid);
        }

        Assert.Equal("mine", StoreTests.Text(file));
    }

    [Theory]
    [InlineData("1", null, true)]
    [InlineData("1", "1", true)]
    [InlineData("1", "self", false)]
    [InlineData("self", "1", false)]
    [InlineData("self", null, false)]
    [InlineData("", "", false)]
    public void ProcessThatALauncherStarted_HasNoStore_UnlessItPassesDescriptorsOn(string started, string? listening, bool isRefused)
    {
        string self = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        ServiceEnvironment environment = s_service with
        {
            ExecPid = started == "self" ? self : started,
            ListenPid = listening == "self" ? self : listening,
        };
        Assert.Equal(
            !isRefused,
            FileDescriptorStore.TryOpen(
                Kernel.Linux, environment, out FileDescriptorStore? store, out FileDescriptorStoreException? why));
        store?.Dispose();
        Assert.Equal(isRefused ? StoreRefusal.NotMainProcess : null, why?.Refusal);
        if (isRefused)
        {
            Assert.Contains($"systemd started process 1 of the unit, and this is process {self}", why!.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("vsock:2:1234")]
    [InlineData("relative/path")]
    [InlineData("@")]
    public void SocketOfAnotherKind_IsANamedError(string address)
    {
        FileDescriptorStoreException error = Assert.Throws<FileDescriptorStoreException>(
            () => FileDescriptorStore.TryOpen(Kernel.Linux, s_service with { NotifySocket = address }, out _, out _));
        Assert.Equal(StoreRefusal.MalformedEnvironment, error.Refusal);
    }
}
