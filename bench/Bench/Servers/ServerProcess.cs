using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Quota.Bench.Servers;

/// <summary>A server under test: a child process with its processor time and memory. Killed when disposed.</summary>
internal sealed class ServerProcess : IDisposable
{
    // _SC_CLK_TCK has been 100 on every Linux for decades; it is what /proc reports in.
    private const double SecondsPerTick = 0.01;

    private static readonly ConcurrentDictionary<int, ServerProcess> Running = new();

    private readonly Process _process;
    private readonly Queue<string> _output = new();

    private ServerProcess(Process process) => _process = process;

    public int Port { get; private set; }

    /// <summary>Starts a program; it is told to listen on a port of its own choice or on one from <see cref="FreePort"/>.</summary>
    public static ServerProcess Start(string program, IEnumerable<string> arguments, int port = 0)
    {
        var info = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        var server = new ServerProcess(Process.Start(info)!) { Port = port };
        server._process.ErrorDataReceived += (_, e) => server.Keep(e.Data);
        server._process.BeginErrorReadLine();
        Running[server._process.Id] = server;
        return server;
    }

    /// <summary>A silo of this program, with the benchmark's services; ready when this completes.</summary>
    public static async Task<ServerProcess> StartSiloAsync(string dataDirectory, params string[] shared)
    {
        ServerProcess server = Start(Environment.ProcessPath!, [BenchSilo.Command, dataDirectory, .. shared]);
        string ready = await server.WaitForLineAsync(BenchSilo.ReadyPrefix);
        server.Port = int.Parse(ready.AsSpan(BenchSilo.ReadyPrefix.Length), CultureInfo.InvariantCulture);
        return server;
    }

    /// <summary>Of a silo: how many requests it has sent to the shared store so far.</summary>
    public async Task<long> StoreRequestsAsync()
    {
        await _process.StandardInput.WriteLineAsync(BenchSilo.CountQuestion);
        await _process.StandardInput.FlushAsync();
        return long.Parse((await WaitForLineAsync(BenchSilo.CountPrefix)).AsSpan(BenchSilo.CountPrefix.Length), CultureInfo.InvariantCulture);
    }

    /// <summary>Reads the standard output up to a line that starts like this, and returns it.</summary>
    public async Task<string> WaitForLineAsync(string prefix)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await _process.StandardOutput.ReadLineAsync(timeout.Token) is { } line)
        {
            if (line.StartsWith(prefix, StringComparison.Ordinal))
            {
                return line;
            }
        }
        await _process.WaitForExitAsync(timeout.Token);
        lock (_output)
        {
            throw new InvalidOperationException($"{_process.StartInfo.FileName} ended before '{prefix}': {string.Join(" | ", _output)}");
        }
    }

    /// <summary>Reads and forgets what is still printed, so that the process never waits to be read.</summary>
    public void IgnoreOutput() => _ = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);

    /// <summary>Waits until somebody accepts connections on <see cref="Port"/>.</summary>
    public async Task WaitForPortAsync()
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            using var socket = new TcpClient();
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, Port);
                return;
            }
            catch (SocketException) when (clock.Elapsed < TimeSpan.FromSeconds(10) && !_process.HasExited)
            {
                await Task.Delay(20);
            }
        }
    }

    /// <summary>Processor seconds of the process and its children so far (system time included).</summary>
    public double ProcessorSeconds()
    {
        double ticks = Ticks(_process.Id);
        foreach (string child in File.ReadAllText($"/proc/{_process.Id}/task/{_process.Id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            ticks += Ticks(int.Parse(child, CultureInfo.InvariantCulture));
        }
        return ticks * SecondsPerTick;
    }

    /// <summary>Resident memory in bytes.</summary>
    public long ResidentBytes()
    {
        _process.Refresh();
        return _process.WorkingSet64;
    }

    /// <summary>Asks the process to stop in its orderly way and waits for it.</summary>
    public async Task StopAsync()
    {
        using Process kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        Task<string> rest = _process.StandardOutput.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await _process.WaitForExitAsync(timeout.Token);
        await rest;
    }

    /// <summary>Ends all servers: the benchmark was told to stop.</summary>
    public static void KillAll()
    {
        foreach (ServerProcess server in Running.Values)
        {
            server.Dispose();
        }
    }

    public void Dispose()
    {
        if (!Running.TryRemove(_process.Id, out _))
        {
            return;
        }
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit(10_000);
        }
        _process.Dispose();
    }

    /// <summary>A port nobody listens on now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static double Ticks(int id)
    {
        // The name may hold spaces; the fields are counted from the parenthesis that ends it. utime and stime are fields 14 and 15.
        string stat = File.ReadAllText($"/proc/{id}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture);
    }

    private void Keep(string? line)
    {
        lock (_output)
        {
            if (line is not null)
            {
                _output.Enqueue(line);
                if (_output.Count > 20)
                {
                    _output.Dequeue();
                }
            }
        }
    }
}
