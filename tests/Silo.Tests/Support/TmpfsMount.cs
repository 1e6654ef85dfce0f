using System.Diagnostics;

namespace Quota.Silo.Tests.Support;

/// <summary>A small file system that can be filled up.</summary>
internal sealed class TmpfsMount : IDisposable
{
    private readonly string _path;

    /// <exception cref="InvalidOperationException">It cannot be mounted.</exception>
    public TmpfsMount(string path, int megabytes)
    {
        _path = path;
        Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", path);
    }

    public void Dispose() => Run("umount", "--lazy", _path);

    private static void Run(string program, params string[] arguments)
    {
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException(e.Message, e);
        }
        using (process)
        {
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException(error.Trim());
            }
        }
    }
}
