using System.Globalization;

namespace Quota.Bench;

/// <summary>Whether somebody else uses the machine.</summary>
internal static class MachineLoad
{
    /// <summary>Says so in the report: then only ratios mean anything.</summary>
    public static void NoteIfBusy(BenchContext context)
    {
        double load = double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);
        if (load > 0.5)
        {
            context.Note(string.Create(CultureInfo.InvariantCulture, $"the machine was busy when the run began (load average {load:0.0} on {Environment.ProcessorCount} processors): absolute figures are too bad, only ratios mean something"));
        }
    }
}
