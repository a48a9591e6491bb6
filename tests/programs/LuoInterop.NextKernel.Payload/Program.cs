using LuoInterop;
using LuoInterop.KernelImages;
using LuoInterop.NextKernelPayload;
using LuoInterop.VmTesting;

// Each kernel says what it finds of the one before, hands a session over, and jumps with the words of its stage.
const int Token = 7;
const int Size = 3 << 20;
Kernel kernel = Kernel.Linux;
using Guest guest = Guest.Open();
guest.Value("found", Look(out bool hasDevice));
if (guest.Stage > args.Length)
{
    return 0;
}

guest.Value("handed over", hasDevice ? HandOver() : Found.Nothing);
string line = $"{guest.NextCommandLine} {args[guest.Stage - 1]}";
string image = guest.NextKernelImagePath;
string own = Path.Combine("/run/luo/files", Found.InitrdFile);
string initrd = guest.Stage == args.Length && File.Exists(own) ? own : Guest.InitrdPath;
guest.Event("loads the next kernel");
KexecImage next = KexecImage.Load(
    kernel, image, [initrd], line, KexecLoadOptions.WithoutLiveUpdate | KexecLoadOptions.DespitePredictedLoss);
guest.Event("judges it");
guest.Value("loaded", Judge());
guest.Event("jumps");
Guest.Flush();
next.Reboot();
return 1;

string HandOver()
{
    using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
    LiveUpdateSession session = device.CreateSession("kept");
    using Memfd memfd = Memfd.Create(kernel, "kept", Size);
    memfd.Write(Size - 4, "kept"u8);
    try
    {
        session.Preserve(memfd, Token);
    }
    catch (KernelException error) when (error.Errno == Errno.ENOENT)
    {
        // A kernel without the handler of memory files.
        session.HoldUntilKexec();
        return Found.Nothing;
    }

    session.HoldUntilKexec();
    return Found.File;
}

string Look(out bool hasDevice)
{
    hasDevice = LiveUpdateDevice.TryOpen(kernel, out LiveUpdateDevice? device, out LiveUpdateAvailability why);
    if (!hasDevice)
    {
        return $"{Found.NoDevice} {why.Errno}";
    }

    using (device)
    {
        try
        {
            using LiveUpdateSession session = device!.RetrieveSession("kept");
            using Memfd memfd = session.RetrieveMemfd(Token);
            byte[] end = new byte[4];
            memfd.Read(Size - 4, end);
            session.Finish();
            return memfd.Size == Size && end.AsSpan().SequenceEqual("kept"u8) ? Found.Kept : Found.Other;
        }
        catch (KernelException error) when (error.Errno == Errno.ENOENT)
        {
            return Found.Nothing;
        }
    }
}

// A kernel that is refused leaves the one that is loaded.
string Judge()
{
    try
    {
        next = KexecImage.Load(kernel, image, [initrd], line);
        return nameof(Consequence.Carried);
    }
    catch (PredictedLossException error)
    {
        return error.Prediction.Worst.ToString();
    }
    catch (ArgumentException)
    {
        return Found.Refused;
    }
}
