using LuoInterop.VmBenchmarks;

// Measures what live update costs on the real kernel: this program runs on the host, and as the payload in every kernel of the VM.
if (args is ["--payload", var list])
{
    return PayloadProgram.Run(list);
}

if (args.Contains("--help"))
{
    Console.WriteLine(BenchOptions.Usage);
    return 0;
}

return await BenchProgram.RunAsync(args);
