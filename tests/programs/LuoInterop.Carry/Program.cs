using System.Globalization;
using System.Text;
using LuoInterop;

// Carries a text through two kexecs, and adds to it in each kernel: with the library, on the kernel that the process runs on.
const string Name = "carry";
const string StageWord = "luo_stage=";
const ulong Token = 7;

Kernel kernel = Kernel.Linux;
string? word = kernel.CommandLine.Split(' ').LastOrDefault(static word => word.StartsWith(StageWord, StringComparison.Ordinal));
int stage = word is null ? 1 : int.Parse(word.AsSpan(StageWord.Length), CultureInfo.InvariantCulture);
string text = $"kernel {stage}";
using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
using Memfd file = stage == 1 ? Memfd.Create(kernel, "carried") : Retrieve(device, ref text);
if (stage == 3)
{
    Console.WriteLine(text);
    return;
}

file.Write(0, Encoding.UTF8.GetBytes(text));
using LiveUpdateSession session = device.CreateSession(Name);
session.Preserve(file, Token);
device.Dispose();
string image = Environment.GetEnvironmentVariable("LUO_KERNEL") ?? throw new InvalidOperationException("LUO_KERNEL names no kernel.");
KexecImage.Load(kernel, image, null, $"{kernel.CommandLine} {StageWord}{stage + 1}").Reboot();

static Memfd Retrieve(LiveUpdateDevice device, ref string text)
{
    using LiveUpdateSession session = device.RetrieveSession(Name);
    Memfd file = session.RetrieveMemfd(Token);
    byte[] bytes = new byte[file.Size];
    _ = file.Read(0, bytes);
    text = $"{Encoding.UTF8.GetString(bytes)}, {text}";
    session.Finish();
    return file;
}
