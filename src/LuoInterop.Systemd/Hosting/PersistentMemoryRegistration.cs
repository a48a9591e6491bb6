namespace LuoInterop.Systemd.Hosting;

/// <summary>Names a memory that the application has added.</summary>
internal sealed record PersistentMemoryRegistration(string Name);
