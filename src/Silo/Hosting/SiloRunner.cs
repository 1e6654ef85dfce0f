using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Console;
using Quota.Silo.Catalog;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Cluster;

namespace Quota.Silo.Hosting;

/// <summary><c>quota serve</c>: runs one silo as a process, with its configuration file, its signals and what it prints.</summary>
internal static class SiloRunner
{
    /// <summary>Runs until SIGTERM, SIGINT or cancellation; SIGHUP reads the configuration again.</summary>
    /// <returns>0 after an orderly stop; 1 if the configuration is refused or the silo cannot start.</returns>
    public static async Task<int> RunAsync(ServeOptions options, IClusterPlugin? plugin, CancellationToken cancellation)
    {
        ConfigResult config = ConfigLoader.Load(options.ConfigPath);
        if (!config.IsValid)
        {
            foreach (ConfigError error in config.Errors)
            {
                await Console.Error.WriteLineAsync(error.ToString()).ConfigureAwait(false);
            }
            return 1;
        }
        using ILoggerFactory loggers = CreateLoggers();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using PosixSignalRegistration term = OnSignal(PosixSignal.SIGTERM, stop.Cancel);
        using PosixSignalRegistration interrupt = OnSignal(PosixSignal.SIGINT, stop.Cancel);
        // From the first moment on: unhandled, it would end a silo that is still recovering. The watcher compares the file when it starts.
        Action? reload = null;
        using PosixSignalRegistration hangUp = OnSignal(PosixSignal.SIGHUP, () => Volatile.Read(ref reload)?.Invoke());
        SiloSettings settings = options.Over(config.Settings);
        var hostOptions = new SiloHostOptions { AcceptJournalLoss = options.AcceptJournalLoss, Config = config, Plugin = plugin };
        (SiloHost? host, string? fault) = await SiloHost.StartAsync(settings, CatalogModel.Empty, hostOptions, loggers, stop.Token).ConfigureAwait(false);
        if (host is null)
        {
            await Console.Error.WriteLineAsync($"quota: {fault}").ConfigureAwait(false);
            return 1;
        }
        await using (host.ConfigureAwait(false))
        {
            var watcher = new CatalogWatcher(options.ConfigPath, config, host.Definitions!.Service, loggers.CreateLogger<CatalogWatcher>(), TimeProvider.System);
            await using (watcher.ConfigureAwait(false))
            {
                watcher.Start();
                Volatile.Write(ref reload, watcher.RequestReload);
                await PrintReadyAsync(host, settings, options.ConfigPath).ConfigureAwait(false);
                var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                using CancellationTokenRegistration stopping = stop.Token.Register(stopped.SetResult);
                await stopped.Task.ConfigureAwait(false);
                Volatile.Write(ref reload, null);
            }
            await Console.Out.WriteLineAsync("stopping: finishing calls in flight, then a checkpoint").ConfigureAwait(false);
            await host.StopAsync().ConfigureAwait(false);
        }
        await Console.Out.WriteLineAsync("stopped").ConfigureAwait(false);
        return 0;
    }

    private static async Task PrintReadyAsync(SiloHost host, SiloSettings settings, string configPath)
    {
        SiloStorage storage = host.Storage;
        CatalogModel catalog = host.Catalog.Current;
        string recovered = storage.Recovered.Decisions == 0
            ? "the journal held nothing that the store does not hold"
            : string.Create(CultureInfo.InvariantCulture, $"recovered {storage.Recovered.Decisions:N0} decisions on {storage.Recovered.Blocks:N0} keys from {storage.Report.Segments} journal segments in {storage.Report.Duration.TotalMilliseconds:N0} ms");
        await Console.Out.WriteLineAsync($"""
            Quota {SiloHost.ProductVersion}
            config {configPath}; defined: {catalog.Namespaces.Count} namespaces, {catalog.Namespaces.Values.Sum(n => n.Plans.Count)} plans, {catalog.Namespaces.Values.Sum(n => n.Keys.Count)} keys, loaded in {host.Definitions!.Duration.TotalMilliseconds:N0} ms
            data in {Path.GetFullPath(settings.DataDirectory)}: {recovered}
            {(host.Status == ServingStatus.Serving ? "ready" : "not ready yet, see the log")}: gRPC on {host.Endpoints.Grpc}, HTTP on {host.Endpoints.Http}
            """).ConfigureAwait(false);
    }

    private static ILoggerFactory CreateLoggers() => LoggerFactory.Create(logging =>
    {
        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("Orleans", LogLevel.Warning);
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            console.UseUtcTimestamp = true;
        });
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    });

    private static PosixSignalRegistration OnSignal(PosixSignal signal, Action act) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        act();
    });
}
