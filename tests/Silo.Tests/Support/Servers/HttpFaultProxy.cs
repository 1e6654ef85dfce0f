using System.Net;

namespace Quota.Silo.Tests.Support.Servers;

/// <summary>An HTTP proxy in front of DynamoDB Local that a test tells, per request, to answer by itself or to lose the answer.</summary>
public sealed class HttpFaultProxy : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly HttpClient _client;
    private readonly Task _accepting;

    public HttpFaultProxy(string target)
    {
        _client = new HttpClient { BaseAddress = new Uri(target) };
        Endpoint = $"http://127.0.0.1:{ServerProcess.FreePort()}";
        _listener.Prefixes.Add(Endpoint + "/");
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Endpoint { get; }

    /// <summary>Decides by the operation's name (for example <c>PutItem</c>); null: passed on.</summary>
    public Func<string, HttpFault?> Fault { get; set; } = static _ => null;

    public async ValueTask DisposeAsync()
    {
        // Whatever is on its way: a caller that is gone may never send the rest of what it asks.
        await _ending.CancelAsync();
        _listener.Close();
        await _accepting;
        _client.Dispose();
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                serving.RemoveAll(s => s.IsCompletedSuccessfully);
                serving.Add(ServeAsync(await _listener.GetContextAsync()));
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(HttpListenerContext context)
    {
        try
        {
            await AnswerAsync(context);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or HttpListenerException or ObjectDisposedException or InvalidOperationException)
        {
            // The caller has given up, or the server has: then the caller hears no answer, instead of waiting for one.
            context.Response.Abort();
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        string operation = (context.Request.Headers["X-Amz-Target"] ?? "").Split('.')[^1];
        var body = new MemoryStream();
        await context.Request.InputStream.CopyToAsync(body, _ending.Token).WaitAsync(_ending.Token);
        HttpFault? fault = Fault(operation);
        (int status, byte[] answer) = fault is { Status: > 0 } ? (fault.Status, System.Text.Encoding.UTF8.GetBytes(fault.Body)) : await ForwardAsync(context.Request, body.ToArray());
        if (fault is { IsLost: true })
        {
            await (fault.Meanwhile?.Invoke() ?? Task.CompletedTask).WaitAsync(_ending.Token);
            context.Response.Abort();
            return;
        }
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/x-amz-json-1.0";
        context.Response.Close(answer, willBlock: false);
    }

    private async Task<(int Status, byte[] Answer)> ForwardAsync(HttpListenerRequest request, byte[] body)
    {
        using var forwarded = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new ByteArrayContent(body) };
        foreach (string? name in request.Headers.AllKeys)
        {
            if (name is not null && (name.StartsWith("X-Amz", StringComparison.OrdinalIgnoreCase) || name is "Authorization"))
            {
                forwarded.Headers.TryAddWithoutValidation(name, request.Headers[name]);
            }
        }
        forwarded.Content.Headers.TryAddWithoutValidation("Content-Type", request.ContentType);
        using HttpResponseMessage answer = await _client.SendAsync(forwarded, _ending.Token);
        return ((int)answer.StatusCode, await answer.Content.ReadAsByteArrayAsync());
    }
}
