namespace Quota.Bench;

/// <summary>Programs that may or may not be installed.</summary>
internal static class Tools
{
    /// <summary>Whether a program is on the path; if not, the report says what is missing because of it.</summary>
    public static bool Has(string program, string part, BenchContext context)
    {
        string[] folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/sbin"];
        if (folders.Any(folder => File.Exists(Path.Combine(folder, program))))
        {
            return true;
        }
        context.Note($"{part}: {program} is not installed; what needs it was skipped");
        return false;
    }
}
