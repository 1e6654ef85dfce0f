using System.Net;
using System.Text.RegularExpressions;

namespace Quota.Silo.Tests.Support;

/// <summary>The real silo, as a process of its own, on free ports.</summary>
internal sealed partial class SiloProcess : IDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private SiloProcess(ChildProcess process) => Process = process;

    public ChildProcess Process { get; }

    public IPEndPoint Grpc { get; private set; } = null!;

    public IPEndPoint Http { get; private set; } = null!;

    /// <summary>Starts a silo and returns when it is ready.</summary>
    public static async Task<SiloProcess> StartAsync(string configPath, string dataFolder, params string[] more)
    {
        var silo = new SiloProcess(Launch(configPath, dataFolder, more));
        try
        {
            string ready = await silo.Process.WaitForLineAsync("ready", StartTimeout);
            Match match = ReadyLine().Match(ready);
            silo.Grpc = IPEndPoint.Parse(match.Groups[1].Value);
            silo.Http = IPEndPoint.Parse(match.Groups[2].Value);
            return silo;
        }
        catch
        {
            silo.Dispose();
            throw;
        }
    }

    /// <summary>Starts a silo without waiting for anything.</summary>
    public static ChildProcess Launch(string configPath, string dataFolder, params string[] more) =>
        ChildProcess.StartAssembly("quota.dll", ["serve", "--config", configPath, "--data", dataFolder, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", .. more]);

    public void Dispose() => Process.Dispose();

    [GeneratedRegex(@"^ready.*gRPC on (\S+?),.*HTTP on (\S+)")]
    private static partial Regex ReadyLine();
}
