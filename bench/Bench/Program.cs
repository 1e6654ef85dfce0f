using System.Runtime.InteropServices;
using Quota.Bench;
using Quota.Bench.Servers;

if (args is [BenchSilo.Command, string data, .. string[] shared])
{
    return await BenchSilo.RunAsync(data, shared);
}
(string Name, Func<BenchContext, Task> Run)[] parts =
[
    ("decision", DecisionBench.RunAsync),
    ("hierarchy", HierarchyBench.RunAsync),
    ("records", RecordsBench.RunAsync),
    ("journal", JournalBench.RunAsync),
    ("unary", UnaryBench.RunAsync),
    ("latency", LatencyBench.RunAsync),
    ("stream", StreamBench.RunAsync),
    ("shared", SharedBench.RunAsync),
    ("restart", RestartBench.RunAsync),
    ("admin", AdminBench.RunAsync),
    ("usage", UsageBench.RunAsync),
];
BenchOptions? options = BenchOptions.Parse(args, [.. parts.Select(p => p.Name)], out string? error);
if (options is null)
{
    Console.Error.WriteLine(error);
    return 2;
}
// On the disk of the working directory, never in /tmp, which may be memory.
string folder = Path.GetFullPath($".bench-{Environment.ProcessId}");
Directory.CreateDirectory(folder);
void CleanUp(PosixSignalContext signal)
{
    ServerProcess.KillAll();
    Directory.Delete(folder, recursive: true);
    Environment.Exit(130);
}
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, CleanUp);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, CleanUp);
try
{
    var context = new BenchContext(options, folder);
    MachineLoad.NoteIfBusy(context);
    foreach ((string name, Func<BenchContext, Task> run) in parts)
    {
        if (options.Parts.Count == 0 || options.Parts.Contains(name))
        {
            BenchContext.Say(name);
            await run(context);
        }
    }
    Report.Print(context);
    Report.Write(context, options.JsonPath);
    return 0;
}
finally
{
    Directory.Delete(folder, recursive: true);
}
