using System.Buffers;
using System.IO.Pipelines;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Protocols;

/// <summary>The frame reader, fed in random pieces, against a reading of the whole bytes.</summary>
public sealed class GrpcFrameFuzzTests
{
    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public async Task Messages_do_not_depend_on_how_the_bytes_arrive(int seed)
    {
        Random random = new(seed);
        for (int i = 0; i < 3_000; i++)
        {
            bool single = random.Next(2) == 0;
            byte[] stream = [];
            for (int messages = random.Next(4); messages > 0; messages--)
            {
                byte[] message = new byte[random.Next(40)];
                random.NextBytes(message);
                stream = [.. stream, .. GrpcTestClient.Frame(message)];
            }
            stream = random.Next(2) == 0 ? stream : CheckRequestFuzzTests.Mutate(random, stream);
            string expected = Expected(stream, single);
            string actual = await ActualAsync(random, stream, single);
            Assert.True(expected == actual, $"seed {seed}, round {i}, single {single}: {Convert.ToHexString(stream)}\n{expected}\n{actual}");
        }
    }

    private static async Task<string> ActualAsync(Random random, byte[] stream, bool single)
    {
        Pipe pipe = new(new PipeOptions(minimumSegmentSize: 16));
        GrpcMessageReader reader = new();
        reader.Start(pipe.Reader, gzip: false, single);
        Task feed = FeedAsync(new Random(random.Next()), pipe.Writer, stream);
        string text = "";
        while (true)
        {
            GrpcRead read = await reader.ReadAsync(CancellationToken.None);
            if (!read.HasMessage)
            {
                await feed;
                reader.Release();
                return text + read.Status.Code;
            }
            text += Convert.ToHexString(read.Message.Span) + ";";
            if (single)
            {
                await feed;
                return text + "Ok";
            }
        }
    }

    private static async Task FeedAsync(Random random, PipeWriter writer, byte[] stream)
    {
        for (int at = 0; at < stream.Length;)
        {
            int length = Math.Min(stream.Length - at, random.Next(1, 30));
            writer.Write(stream.AsSpan(at, length));
            at += length;
            await writer.FlushAsync();
            await Task.Yield();
        }
        await writer.CompleteAsync();
    }

    private static string Expected(byte[] stream, bool single)
    {
        string text = "";
        int at = 0, count = 0;
        while (at < stream.Length)
        {
            if (stream.Length - at < 5)
            {
                return text + "Internal";
            }
            uint length = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(stream.AsSpan(at + 1));
            if (stream[at] > 1)
            {
                return text + "Internal";
            }
            if (length > Contracts.Bounds.MessageBytesMax)
            {
                return text + "ResourceExhausted";
            }
            if (stream.Length - at - 5 < length || (single && stream.Length - at - 5 > length) || stream[at] == 1)
            {
                return text + "Internal";
            }
            text += Convert.ToHexString(stream.AsSpan(at + 5, (int)length)) + ";";
            at += 5 + (int)length;
            count++;
        }
        return text + (single && count == 0 ? "Internal" : "Ok");
    }
}
