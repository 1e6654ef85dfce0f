using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace Quota.Soak;

/// <summary>
/// Calls that are repeated, byte for byte, until they are answered: over broken connections, time-outs, and answers that say
/// "not now". Shares no code with the silo but the message definitions. Safe for concurrent callers.
/// </summary>
internal sealed class GrpcCaller : IDisposable
{
    /// <summary>
    /// One attempt. Longer than any call of a living silo takes: an attempt that is given up while it is still worked on could count
    /// after its repeat was refused.
    /// </summary>
    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(30);

    private const int RetryDelayMsMax = 300;

    private readonly HttpClient _client;
    private long _calls;
    private long _retries;

    public GrpcCaller(string address)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(1) };
        _client = new HttpClient(handler) { BaseAddress = new Uri($"http://{address}"), Timeout = Timeout.InfiniteTimeSpan };
    }

    public long Calls => Interlocked.Read(ref _calls);

    public long Retries => Interlocked.Read(ref _retries);

    /// <summary>The answer, whatever its status, unless it is one that a caller repeats.</summary>
    /// <exception cref="TimeoutException">No answer within <see cref="Workload.AnswerTimeout"/>.</exception>
    public async Task<GrpcReply> CallAsync(string method, IMessage request)
    {
        byte[] message = request.ToByteArray();
        byte[] frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        Interlocked.Increment(ref _calls);
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            GrpcReply? reply = await AttemptAsync(method, frame);
            if (reply is not null && !IsRepeated(reply.Status))
            {
                return reply;
            }
            if (Stopwatch.GetElapsedTime(start) > Workload.AnswerTimeout)
            {
                throw new TimeoutException($"{method}: no answer in {Workload.AnswerTimeout}; last: {reply?.Status} {reply?.Text}");
            }
            Interlocked.Increment(ref _retries);
            await Task.Delay(Random.Shared.Next(10, RetryDelayMsMax));
        }
    }

    public void Dispose() => _client.Dispose();

    // CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE: the call may or may not have counted.
    private static bool IsRepeated(int status) => status is 1 or 4 or 8 or 14;

    private async Task<GrpcReply?> AttemptAsync(string method, byte[] frame)
    {
        using var timeout = new CancellationTokenSource(AttemptTimeout);
        using var call = new HttpRequestMessage(HttpMethod.Post, "/quota.v1." + method)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(frame),
        };
        call.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        call.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        try
        {
            using HttpResponseMessage response = await _client.SendAsync(call, timeout.Token);
            byte[] body = await response.Content.ReadAsByteArrayAsync(timeout.Token);
            string? status = Header(response, "grpc-status");
            return status is null ? null : new GrpcReply(int.Parse(status, CultureInfo.InvariantCulture), Header(response, "grpc-message") ?? "", body);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            return null;
        }
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.TrailingHeaders.TryGetValues(name, out IEnumerable<string>? values) || response.Headers.TryGetValues(name, out values) ? values.First() : null;
}
