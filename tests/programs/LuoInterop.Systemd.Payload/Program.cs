using LuoInterop.Systemd.Payload;

// A service for tests under the real systemd. What it says goes to its standard output, which is the journal.
//
//   luo-service serve MEMORY...    a host with memories of 1 MiB, which says how they came back and what the health check says
//   luo-service walk STEPS         replaces a stored memfd STEPS times, each with the next number, and says what it proved
//   luo-service session NAME       takes a session that systemd made, puts a memory into it or takes one out of it
return args switch
{
    ["serve", .. string[] { Length: > 0 } memories] => MemoryService.Run(memories),
    ["walk", string steps] => StoreWalk.Run(int.Parse(steps, System.Globalization.CultureInfo.InvariantCulture)),
    ["session", string name] => SessionService.Run(name),
    _ => throw new ArgumentException("luo-service serve MEMORY..., walk STEPS or session NAME"),
};
