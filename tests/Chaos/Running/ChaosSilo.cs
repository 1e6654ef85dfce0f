using System.Diagnostics;
using System.Globalization;
using Quota.Silo.Tests.Support.Servers;

namespace Quota.Chaos.Running;

/// <summary>One silo: a process that is ended, paused and started again on the same ports and data, behind a proxy of its own to the store.</summary>
internal sealed class ChaosSilo : IAsyncDisposable
{
    /// <summary>As whoever looks after processes does: a start that did not succeed is tried again.</summary>
    private const int Starts = 3;

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(60);

    private readonly SiloConfiguration _configuration;
    private readonly string _program;
    private readonly string _log;
    private readonly double _clockAheadSeconds;
    private Process? _process;
    private volatile bool _isExpectedToEnd;
    private volatile string _lastLine = "";

    /// <param name="plan">What it shares with the others.</param>
    /// <param name="name">Its name.</param>
    /// <param name="clockAheadSeconds">How far its wall clock is ahead of the machine's.</param>
    /// <param name="primary">Under Orleans the silo that keeps the membership, or null.</param>
    public ChaosSilo(ClusterPlan plan, string name, double clockAheadSeconds = 0, ChaosSilo? primary = null)
    {
        Name = name;
        _clockAheadSeconds = clockAheadSeconds;
        _program = SiloProgram.Path(plan.Store is null ? SiloProgram.Shared : plan.Executor);
        _log = Path.Combine(plan.Folder, plan.Set, name + ".log");
        Proxy = plan.Store is null ? null : new TcpFaultProxy(plan.Store.Port);
        _configuration = new SiloConfiguration(plan, name, Proxy?.Port, primary?._configuration.OrleansAddress);
    }

    public string Name { get; }

    /// <summary>Of gRPC.</summary>
    public string Address => _configuration.Address;

    /// <summary>Between it and the store; null for a silo by itself.</summary>
    public TcpFaultProxy? Proxy { get; }

    /// <summary>Whether the process ended without having been told to.</summary>
    public bool HasFailed => !_isExpectedToEnd && _process is { HasExited: true };

    /// <summary>The preloaded library that shifts a process's wall clock, or null.</summary>
    public static string? ClockShifter { get; } = Directory.Exists("/usr/lib") ? Directory.EnumerateDirectories("/usr/lib", "*-linux-gnu*").Select(d => Path.Combine(d, "faketime", "libfaketimeMT.so.1")).FirstOrDefault(File.Exists) : null;

    /// <summary>Starts the process and returns when it says that it is ready.</summary>
    /// <exception cref="InvalidDataException">It ended or did not get ready in time.</exception>
    public async Task StartAsync()
    {
        for (int i = 1; !await TryStartAsync(); i++)
        {
            if (i == Starts)
            {
                throw new InvalidDataException($"{Name} did not start: {_lastLine}; see {_log}");
            }
            Console.WriteLine($"{Name} did not start and is started again: {_lastLine}; see {_log}");
        }
    }

    private async Task<bool> TryStartAsync()
    {
        _process?.Dispose();
        var start = new ProcessStartInfo("dotnet", [_program, "serve", "--config", _configuration.File]) { RedirectStandardOutput = true, RedirectStandardError = true };
        // DynamoDB Local takes any.
        start.Environment["AWS_ACCESS_KEY_ID"] = "local";
        start.Environment["AWS_SECRET_ACCESS_KEY"] = "local";
        if (_clockAheadSeconds > 0)
        {
            start.Environment["LD_PRELOAD"] = ClockShifter!;
            start.Environment["FAKETIME"] = string.Create(CultureInfo.InvariantCulture, $"+{_clockAheadSeconds}s");
            start.Environment["FAKETIME_DONT_FAKE_MONOTONIC"] = "1";
        }
        var process = new Process { StartInfo = start };
        TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
        void Take(object sender, DataReceivedEventArgs line)
        {
            if (line.Data is not { Length: > 0 } text)
            {
                return;
            }
            _lastLine = text;
            lock (_log)
            {
                File.AppendAllText(_log, text + "\n");
            }
            if (text.StartsWith("ready", StringComparison.Ordinal))
            {
                ready.TrySetResult();
            }
        }
        process.OutputDataReceived += Take;
        process.ErrorDataReceived += Take;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _process = process;
        _isExpectedToEnd = false;
        if (await Task.WhenAny(ready.Task, process.WaitForExitAsync(), Task.Delay(StartTimeout)) == ready.Task)
        {
            return true;
        }
        Kill();
        return false;
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        _isExpectedToEnd = true;
        if (_process is { HasExited: false } process)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }
    }

    /// <summary>An orderly stop.</summary>
    public async Task StopAsync()
    {
        _isExpectedToEnd = true;
        Signal("TERM");
        using var patience = new CancellationTokenSource(StopTimeout);
        try
        {
            await _process!.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw new InvalidDataException($"{Name} does not stop, see {_log}");
        }
    }

    /// <summary>Stops its clock, as a machine does that is suspended.</summary>
    public void Pause() => Signal("STOP");

    public void Resume() => Signal("CONT");

    public async ValueTask DisposeAsync()
    {
        Kill();
        _process?.Dispose();
        await (Proxy?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private void Signal(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", _process!.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }
}
