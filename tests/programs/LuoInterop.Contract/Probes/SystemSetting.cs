namespace LuoInterop.Contract.Probes;

/// <summary>Changes a setting below /proc/sys or /sys for as long as it is not disposed.</summary>
internal sealed class SystemSetting : IDisposable
{
    private readonly string _path;
    private readonly string _before;

    public SystemSetting(string path, string value)
    {
        _path = path;
        string text = File.ReadAllText(path);

        // A choice is shown as all its values, the one in force in brackets.
        int start = text.IndexOf('[', StringComparison.Ordinal);
        _before = start < 0 ? text : text[(start + 1)..text.IndexOf(']', StringComparison.Ordinal)];
        File.WriteAllText(path, value);
    }

    public void Dispose() => File.WriteAllText(_path, _before);
}
