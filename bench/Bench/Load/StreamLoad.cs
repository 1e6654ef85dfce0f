using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using Quota.Contracts.V1;

namespace Quota.Bench.Load;

/// <summary>
/// One connection with one stream that keeps a fixed number of batches in flight. One flow does it all: it reads whatever has
/// arrived, counts the answers in it, and writes as many messages in one piece. Every run is a new connection.
/// </summary>
internal sealed class StreamLoad
{
    public const int BatchesInFlight = 16;

    /// <summary>Different messages, unless told otherwise.</summary>
    public const int FrameCount = 16;

    private const int FullyParsed = 4;
    private const int ResourceExhausted = 8;
    private const int Unavailable = 14;
    private const byte ResultTag = (StreamQuotaResponse.ResultsFieldNumber << 3) | 2;
    private const byte ResponseTag = (CheckQuotaResult.ResponseFieldNumber << 3) | 2;
    private readonly string _address;
    private readonly byte[] _frames;
    private readonly int[] _starts;
    private readonly int _frameCount;
    private readonly int _batch;
    private readonly bool _mayFail;
    private readonly byte[] _received = new byte[4 * 1024 * 1024];
    private int _receivedBytes;
    private long _answers;
    private long _decided;
    private long _refused;

    public StreamLoad(int port, int batch, string owner, Detail detail, int number, int frameCount = FrameCount, Func<int, string>? keys = null, bool mayFail = false)
    {
        _mayFail = mayFail;
        _frameCount = frameCount;
        _starts = new int[(frameCount * 2) + 1];
        _address = $"http://127.0.0.1:{port}/quota.v1.QuotaService/StreamQuota";
        _batch = batch;
        byte[][] frames = [.. Enumerable.Range(0, frameCount).Select(f => GrpcProbe.Frame(Message(f, batch, owner, detail, keys ?? (i => $"customer-key-{(number * FrameCount * batch) + i:D10}"))))];
        // Twice in a row: any run of up to as many messages is one piece of memory.
        _frames = [.. frames.SelectMany(f => f), .. frames.SelectMany(f => f)];
        for (int i = 0; i < frameCount * 2; i++)
        {
            _starts[i + 1] = _starts[i] + frames[i % frameCount].Length;
        }
    }

    /// <summary>Runs for this long, or until so many messages were sent; returns decisions, and checks refused by an overloaded silo, per second.</summary>
    public async Task<(double Decided, double Refused)> RunAsync(TimeSpan duration, long messagesMax = long.MaxValue)
    {
        _receivedBytes = 0;
        (_answers, _decided, _refused) = (0, 0, 0);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, InitialHttp2StreamWindowSize = 4 * 1024 * 1024 });
        using var content = new DuplexContent();
        using var request = new HttpRequestMessage(HttpMethod.Post, _address) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = content };
        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Stream output = await content.Stream;
        using Stream input = await response.Content.ReadAsStreamAsync();
        long sent = 0;
        var clock = Stopwatch.StartNew();
        double seconds;
        while (true)
        {
            bool over = clock.Elapsed >= duration || sent >= messagesMax;
            int room = over ? 0 : (int)Math.Min(BatchesInFlight - (sent - _answers), messagesMax - sent);
            if (room > 0)
            {
                int first = (int)(sent % _frameCount);
                await output.WriteAsync(_frames.AsMemory(_starts[first].._starts[first + room]));
                await output.FlushAsync();
                sent += room;
            }
            if (over && sent == _answers)
            {
                seconds = clock.Elapsed.TotalSeconds;
                break;
            }
            int read = await input.ReadAsync(_received.AsMemory(_receivedBytes));
            if (read == 0)
            {
                throw new InvalidOperationException($"the stream ended: {response.TrailingHeaders}");
            }
            _receivedBytes += read;
            Consume();
        }
        content.End();
        return (_decided / seconds, _refused / seconds);
    }

    private static StreamQuotaRequest Message(int frame, int batch, string owner, Detail detail, Func<int, string> keys)
    {
        var message = new StreamQuotaRequest { CorrelationId = (ulong)frame + 1 };
        for (int i = 0; i < batch; i++)
        {
            message.Checks.Add(new CheckQuotaRequest { Namespace = owner, Key = keys((frame * batch) + i), Detail = detail });
        }
        return message;
    }

    /// <summary>Takes whole answers off the front of what was received.</summary>
    private void Consume()
    {
        int position = 0;
        while (_receivedBytes - position >= 5)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(_received.AsSpan(position + 1));
            if (_receivedBytes - position < 5 + length)
            {
                break;
            }
            ReadOnlySpan<byte> message = _received.AsSpan(position + 5, length);
            if (_answers < FullyParsed && !IsGood(message) || !Count(message))
            {
                throw new InvalidOperationException($"not the answer that is to be measured: {StreamQuotaResponse.Parser.ParseFrom(message)}");
            }
            _answers++;
            position += 5 + length;
        }
        _received.AsSpan(position, _receivedBytes - position).CopyTo(_received);
        _receivedBytes -= position;
    }

    private bool IsGood(ReadOnlySpan<byte> message)
    {
        StreamQuotaResponse answer = StreamQuotaResponse.Parser.ParseFrom(message);
        return answer.CorrelationId == (ulong)(_answers % _frameCount) + 1 && answer.Results.Count == _batch && answer.Results.All(r => r.Response is { Allowed: true, Reason: Reason.WithinLimits } || r.Error is { Code: ResourceExhausted } || (_mayFail && r.Error is { Code: Unavailable }));
    }

    /// <summary>Walks the top-level fields: the correlation id, and a length-delimited field per result, which begins with a response (1) or an error (2).</summary>
    private bool Count(ReadOnlySpan<byte> message)
    {
        int results = 0;
        for (int i = 0; i < message.Length;)
        {
            byte tag = message[i++];
            int value = 0;
            for (int shift = 0; ; shift += 7)
            {
                byte b = message[i++];
                value |= (b & 0x7F) << shift;
                if (b < 0x80)
                {
                    break;
                }
            }
            if (tag == ResultTag)
            {
                results++;
                _ = message[i] == ResponseTag ? _decided++ : _refused++;
                i += value;
            }
        }
        return results == _batch;
    }
}
