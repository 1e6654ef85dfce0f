using System.Net;
using System.Net.Sockets;

namespace Quota.Silo.Tests.Support.Servers;

/// <summary>
/// A TCP proxy in front of a server that can lose an answer (what the server was asked has happened, and nobody hears of it), and
/// that can be cut: as on a network that is cut, nothing is refused and nothing is lost, but nothing arrives before it is healed.
/// </summary>
public sealed class TcpFaultProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ending = new();
    private readonly int _target;
    private readonly Task _accepting;
    private Func<Task>? _onAnswer;
    private volatile TaskCompletionSource? _cut;
    private volatile int _answerDelayMs;
    private CancellationTokenSource _connections = new();

    public TcpFaultProxy(int targetPort)
    {
        _target = targetPort;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The next bytes that the server sends, on whichever connection, are thrown away, and the connection is closed.</summary>
    /// <param name="meanwhile">Awaited between the two.</param>
    public void LoseNextAnswer(Func<Task>? meanwhile = null) => Volatile.Write(ref _onAnswer, meanwhile ?? (static () => Task.CompletedTask));

    /// <summary>How long everything that the server sends is held back, in milliseconds.</summary>
    public int AnswerDelayMs
    {
        get => _answerDelayMs;
        set => _answerDelayMs = value;
    }

    /// <summary>From now on nothing passes, until <see cref="Heal"/>.</summary>
    public void Cut() => _cut ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What was held up arrives, however late it is.</summary>
    public void Heal()
    {
        TaskCompletionSource? cut = _cut;
        _cut = null;
        cut?.SetResult();
    }

    /// <summary>Closes all connections, whatever is on its way.</summary>
    public void Reset() => Interlocked.Exchange(ref _connections, new CancellationTokenSource()).Cancel();

    public async ValueTask DisposeAsync()
    {
        Heal();
        await _ending.CancelAsync();
        _listener.Stop();
        await _accepting;
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_ending.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient())
        using (var over = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token, Volatile.Read(ref _connections).Token))
        {
            try
            {
                await PassAsync(over.Token);
                await server.ConnectAsync(IPAddress.Loopback, _target, over.Token);
                Task up = PumpAsync(client, server, isAnswer: false, over.Token);
                Task down = PumpAsync(server, client, isAnswer: true, over.Token);
                await Task.WhenAny(up, down);
                await over.CancelAsync();
                await Task.WhenAll(up, down);
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // Either side has gone: so has the other now.
            }
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, bool isAnswer, CancellationToken cancellation)
    {
        byte[] buffer = new byte[64 * 1024];
        while (await from.GetStream().ReadAsync(buffer, cancellation) is int n and > 0)
        {
            if (isAnswer && Interlocked.Exchange(ref _onAnswer, null) is { } meanwhile)
            {
                await meanwhile();
                return;
            }
            if (isAnswer && _answerDelayMs is int delay and > 0)
            {
                await Task.Delay(delay, cancellation);
            }
            await PassAsync(cancellation);
            await to.GetStream().WriteAsync(buffer.AsMemory(0, n), cancellation);
        }
    }

    private Task PassAsync(CancellationToken cancellation) => _cut?.Task.WaitAsync(cancellation) ?? Task.CompletedTask;
}
