using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Quota.Silo.Tests.Support.Servers;

/// <summary>
/// An outside server's process: its output is kept, it is awaited until it listens, and it ends with whoever started it, also when
/// nobody disposes it. Needs no test framework: scripts and other projects may link this folder.
/// </summary>
public sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(15);
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly Func<Process, Task>? _end;
    private readonly EventHandler _onExit;
    private int _ended;

    private ServerProcess(ProcessStartInfo start, Func<Process, Task>? end)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        _end = end;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Keep(e.Data);
        _process.ErrorDataReceived += (_, e) => Keep(e.Data);
        _onExit = (_, _) => DisposeAsync().AsTask().Wait(EndPatience);
    }

    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>A loopback port that nobody listens on now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>
    /// The first of so many loopback ports beside each other that nobody listens on now. Below those that the system gives to outgoing
    /// connections, so that they are still free when what listened on them is started again.
    /// </summary>
    public static int FreePorts(int count)
    {
        for (int i = 0; i < 100; i++)
        {
            int first = Random.Shared.Next(20_000, 32_000);
            if (Enumerable.Range(first, count).All(IsFree))
            {
                return first;
            }
        }
        throw new InvalidOperationException($"no {count} free ports beside each other");
    }

    /// <summary>Starts it and waits until it is ready.</summary>
    /// <param name="start">What to run.</param>
    /// <param name="isReady">Asked until it says yes.</param>
    /// <param name="end">Asks it to end; null: it is killed.</param>
    /// <exception cref="InvalidOperationException">It ended, or was not ready in time; with its output.</exception>
    public static async Task<ServerProcess> StartAsync(ProcessStartInfo start, Func<Task<bool>> isReady, Func<Process, Task>? end = null)
    {
        var server = new ServerProcess(start, end);
        server._process.Start();
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        AppDomain.CurrentDomain.ProcessExit += server._onExit;
        var patience = Stopwatch.StartNew();
        while (!await isReady())
        {
            if (server._process.HasExited || patience.Elapsed > StartPatience)
            {
                string output = server.Output;
                await server.DisposeAsync();
                throw new InvalidOperationException($"{start.FileName} is not ready after {patience.Elapsed.TotalSeconds:0} s:\n{output}");
            }
            await Task.Delay(50);
        }
        return server;
    }

    /// <summary>Whether somebody accepts connections there.</summary>
    public static async Task<bool> AcceptsAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Sends another signal than the usual one, and waits until the process has ended.</summary>
    /// <param name="signal">Its name: QUIT is PostgreSQL's immediate shutdown.</param>
    public async Task KillAsync(string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        using var patience = new CancellationTokenSource(EndPatience);
        await _process.WaitForExitAsync(patience.Token);
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
        {
            return;
        }
        AppDomain.CurrentDomain.ProcessExit -= _onExit;
        if (!_process.HasExited && _end is not null)
        {
            await _end(_process);
            using var patience = new CancellationTokenSource(EndPatience);
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                Keep("(did not end when asked to: killed)");
            }
        }
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
        _process.Dispose();
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private void Keep(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }
    }
}
