using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Quota.Soak;

/// <summary>The silo's process: killed and started again on the same ports and data.</summary>
internal sealed class SiloHandle : IDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(90);

    private readonly string _folder;
    private readonly string _grpc = FreeAddress();
    private readonly string _http = FreeAddress();
    private Process? _process;

    public SiloHandle(string folder)
    {
        _folder = folder;
        File.WriteAllText(Path.Combine(folder, "quota.yaml"), Workload.Configuration());
    }

    public string Address => _grpc;

    /// <summary>Starts the process and returns when it says that it is ready, with the seconds this took.</summary>
    /// <exception cref="InvalidDataException">It ended or did not get ready in time; the message has what it printed.</exception>
    public async Task<double> StartAsync()
    {
        long start = Stopwatch.GetTimestamp();
        string program = Path.Combine(AppContext.BaseDirectory, "quota.dll");
        string[] arguments = [program, "serve", "--config", Path.Combine(_folder, "quota.yaml"), "--data", Path.Combine(_folder, "data"), "--grpc", _grpc, "--http", _http];
        var process = new Process { StartInfo = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true } };
        var printed = new List<string>();
        TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
        void Take(object sender, DataReceivedEventArgs line)
        {
            lock (printed)
            {
                printed.Add(line.Data ?? "");
            }
            if (line.Data?.StartsWith("ready", StringComparison.Ordinal) == true)
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
        Task first = await Task.WhenAny(ready.Task, process.WaitForExitAsync(), Task.Delay(StartTimeout));
        if (first == ready.Task)
        {
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        lock (printed)
        {
            throw new InvalidDataException("the silo did not start:\n" + string.Join('\n', printed));
        }
    }

    /// <summary>Whether the process ended by itself.</summary>
    public bool HasEnded => _process is { HasExited: true };

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        if (_process is { } process)
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                process.WaitForExit();
            }
            process.Dispose();
            _process = null;
        }
    }

    public void Dispose() => Kill();

    // Below the ports that the system gives to outgoing connections: one of those, tried again and again while the silo is down,
    // could otherwise be given the very port it connects to, and keep the silo from it.
    private static string FreeAddress()
    {
        while (true)
        {
            int port = Random.Shared.Next(20_000, 32_000);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
            }
            catch (SocketException)
            {
                // In use: another one is tried.
            }
        }
    }
}
