using System.Text;
using LuoInterop;
using LuoInterop.HandoverBytes.Payload;
using LuoInterop.VmTesting;

// The payload of the test that looks at what Linux leaves in memory: makes sessions, tells of them, and jumps.
if (args is not [var image])
{
    Console.Error.WriteLine("usage: LuoInterop.HandoverBytes.Payload IMAGE|waiting|panicking|retrieving|leaving");
    return 2;
}

const string HugePages = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";
File.WriteAllText(HugePages, "advise");
using Guest guest = Guest.Open();
if (image is Dumped.Waiting or Dumped.Panicking or Dumped.Retrieving or Dumped.Leaving)
{
    return Dumped.Run(guest, image);
}

using var made = new MemoryStream(Encoding.UTF8.GetBytes(MadeSession.Format(Sessions.Make(Kernel.Linux))));
guest.SendFile("made", made);
KexecImage next = KexecImage.Load(Kernel.Linux, image, null, "liveupdate=on");
guest.Value("release", File.ReadAllText("/proc/sys/kernel/osrelease").Trim());
Guest.Flush();
next.Reboot();
return 1;
