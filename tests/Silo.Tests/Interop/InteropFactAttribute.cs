using System.ComponentModel;
using System.Diagnostics;

namespace Quota.Silo.Tests.Interop;

/// <summary>A test that needs another language's gRPC; skipped, with the reason, where that is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class InteropFactAttribute : FactAttribute
{
    /// <param name="program">The interpreter.</param>
    /// <param name="folder">Folder below <c>tests/Interop</c> it runs in.</param>
    /// <param name="probe">Arguments that succeed if everything is installed.</param>
    /// <param name="remedy">What to install.</param>
    public InteropFactAttribute(string program, string folder, string[] probe, string remedy)
    {
        Program = program;
        Folder = folder;
        Probe = probe;
        Remedy = remedy;
        Skip = Succeeds(program, Path.Combine(Root, folder), probe) ? null! : $"{program} cannot load gRPC: {remedy}";
    }

    /// <summary>The repository's <c>tests/Interop</c>.</summary>
    public static string Root { get; } = FindRoot();

    public string Program { get; }

    public string Folder { get; }

    public string[] Probe { get; }

    public string Remedy { get; }

    private static bool Succeeds(string program, string folder, string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardError = true, RedirectStandardOutput = true })!;
            return process.WaitForExit(TimeSpan.FromSeconds(20)) && process.ExitCode == 0;
        }
        catch (Exception e) when (e is Win32Exception or DirectoryNotFoundException)
        {
            return false;
        }
    }

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Quota.sln")))
        {
            folder = folder.Parent;
        }
        return Path.Combine(folder?.FullName ?? "", "tests", "Interop");
    }
}
