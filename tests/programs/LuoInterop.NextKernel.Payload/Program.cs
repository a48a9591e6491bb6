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

if (hasDevice)
{
    using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
    LiveUpdateSession session = device.CreateSession("kept");
    using Memfd memfd = Memfd.Create(kernel, "kept", Size);
    memfd.Write(Size - 4, "kept"u8);
    session.Preserve(memfd, Token);
    session.HoldUntilKexec();
}

string line = $"{guest.NextCommandLine} {args[guest.Stage - 1]}";
string image = guest.NextKernelImagePath;
guest.Event("judges the next kernel");
guest.Value("loaded", Load(KexecLoadOptions.None, out _));
guest.Event("loads it");
Load(KexecLoadOptions.WithoutLiveUpdate | KexecLoadOptions.DespitePredictedLoss, out KexecImage? next);
guest.Event("jumps");
Guest.Flush();
next!.Reboot();
return 1;

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

string Load(KexecLoadOptions options, out KexecImage? loaded)
{
    loaded = null;
    try
    {
        loaded = KexecImage.Load(kernel, image, [Guest.InitrdPath], line, options);
        return nameof(Consequence.Carried);
    }
    catch (PredictedLossException error)
    {
        return error.Prediction.Worst.ToString();
    }
    catch (ArgumentException)
    {
        // The command line is judged first.
        return nameof(Consequence.SilentlyDropped);
    }
}
