using System.ComponentModel;
using System.Diagnostics;

namespace LuoInterop.VmTesting.Cache;

/// <summary>Runs the scripts that this assembly carries, which make kernels and roots.</summary>
internal static class BuildScript
{
    // All of them, in the folder of one recipe: they include each other.
    private static readonly string[] s_recipe =
    [
        "Kernel/build-kernel.sh", "Kernel/build-progress.sh", "Kernel/luo-kernel.config", "Kernel/luo-kernel.objects",
        "Root/build-root.sh", "Root/debian-mirror.sh",
    ];

    // How long a script gets to remove what it has made, before it is killed.
    private static readonly TimeSpan s_cleaning = TimeSpan.FromSeconds(20);

    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Writes the scripts into the cache, and gives their folder, which has those of this assembly's folders.</summary>
    /// <remarks>The folder is named by the content. A cache that holds what is finished may be read-only.</remarks>
    internal static string WriteRecipe(string cache)
    {
        byte[][] contents = [.. s_recipe.Select(static name => CacheFolder.Resource("recipe/" + name))];
        string recipe = Path.Combine(cache, "recipe", CacheFolder.Key(contents));
        for (int i = 0; i < contents.Length; i++)
        {
            string path = Path.Combine(recipe, s_recipe[i]);
            if (!File.Exists(path))
            {
                CacheFolder.WriteWhole(path, contents[i], Readable);
            }
        }

        return recipe;
    }

    /// <summary>Runs a script to its end, and gives the last line of its standard output, which is a folder.</summary>
    /// <param name="what">What the script does, for the message of its failure.</param>
    /// <param name="arguments">The script and its arguments.</param>
    /// <param name="environment">Variables besides this process's own.</param>
    /// <param name="progress">Receives the lines of its standard error, on other threads.</param>
    /// <param name="cancellationToken">Ends the script; what it has made so far is removed.</param>
    /// <exception cref="VmSetupException">It failed; the message holds its last lines.</exception>
    internal static async Task<string> RunAsync(
        string what,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string> environment,
        Action<string>? progress,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();

        // A session of its own: a key on the terminal ends the build through this process alone, and one signal reaches all of it.
        ProcessStartInfo start =
            new("setsid", ["bash", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        Queue<string> last = new();
        using Process build = new() { StartInfo = start };
        build.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is not null)
            {
                lock (last)
                {
                    last.Enqueue(line.Data);
                    if (last.Count > 30)
                    {
                        last.Dequeue();
                    }
                }

                progress?.Invoke(line.Data);
            }
        };
        try
        {
            build.Start();
        }
        catch (Win32Exception e)
        {
            throw new VmSetupException("setsid is missing; it runs the build: apt-get install util-linux bash.", e);
        }

        build.BeginErrorReadLine();
        string output;
        try
        {
            output = await build.StandardOutput.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
            await build.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ProgressLine.OfStandardError.End();
            if (!build.HasExited)
            {
                await EndAsync(build).ConfigureAwait(false);
            }
        }

        string folder = output.TrimEnd().Split('\n')[^1];
        if (build.ExitCode != 0 || folder.Length == 0)
        {
            lock (last)
            {
                throw new VmSetupException($"{what} failed with status {build.ExitCode}:\n{string.Join('\n', last)}");
            }
        }

        return folder;
    }

    /// <summary>Ends a build so that it removes what it has made; without mercy when that takes too long.</summary>
    private static async Task EndAsync(Process build)
    {
        using (Process kill = Process.Start("bash", ["-c", $"kill -TERM -- -{build.Id}"]))
        {
            await kill.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        }

        using CancellationTokenSource limit = new(s_cleaning);
        try
        {
            await build.WaitForExitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            build.Kill(entireProcessTree: true);
        }
    }
}
