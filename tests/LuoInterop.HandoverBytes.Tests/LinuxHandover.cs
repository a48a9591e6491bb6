using System.Buffers.Binary;
using System.Text;
using LuoInterop.HandoverBytes.Payload;
using LuoInterop.Kho.Abi;
using LuoInterop.VmTesting;
using Xunit;

namespace LuoInterop.HandoverBytes.Tests;

/// <summary>Lets Linux 7.3 jump into a kernel that stops at once, and holds the memory that it left.</summary>
public sealed class LinuxHandover : IAsyncLifetime, IDisposable
{
    private MemoryImage? _memory;

    internal MemoryImage Memory => _memory!;

    internal KhoSetupData Setup { get; private set; }

    internal IReadOnlyList<MadeSession> Made { get; private set; } = [];

    internal string Release { get; private set; } = "";

    public async Task InitializeAsync()
    {
        string folder = Directory.CreateTempSubdirectory("luo-handover-").FullName;
        try
        {
            await RunAsync(folder);
        }
        finally
        {
            // The memory stays readable through its descriptor, and is freed with it however the process ends.
            Directory.Delete(folder, recursive: true);
        }

        byte[] record = new byte[16];
        Assert.True(Memory.TryRead(StopKernel.RecordAddress, record));
        Assert.Equal(StopKernel.Magic, BinaryPrimitives.ReadUInt64LittleEndian(record));
        Setup = Assert.NotNull(KhoSetupData.Find(Memory, BinaryPrimitives.ReadUInt64LittleEndian(record.AsSpan(8))));
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _memory?.Dispose();

    private async Task RunAsync(string folder)
    {
        string image = Path.Combine(folder, "stop");
        string memory = Path.Combine(folder, "memory");
        await File.WriteAllBytesAsync(image, StopKernel.Create());
        VmResult result = await VirtualMachine.RunAsync(new VmOptions
        {
            Kernel = await KernelBuild.GetAsync(),
            Command = ["dotnet", typeof(Sessions).Assembly.Location, $"{Guest.FilesFolder}/stop"],
            Files = new Dictionary<string, string> { ["stop"] = image },
            MemoryMiB = 1536,
            MemoryImage = memory,
        });

        // The next kernel tells nothing and switches the machine off.
        Assert.True(result.Loss?.Reason == VmLostReason.NoStatus, result.ToString());
        Made = MadeSession.Parse(Encoding.UTF8.GetString(Assert.Single(result.Files).Content.Span));
        Release = Assert.Single(result.Values).Value;
        _memory = new MemoryImage(memory);
    }
}
