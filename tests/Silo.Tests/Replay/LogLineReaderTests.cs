using System.Text;
using Quota.Contracts;
using Quota.Silo.Replay;

namespace Quota.Silo.Tests.Replay;

/// <summary>Lines come out the same however the stream is cut, and none is longer than the bound.</summary>
public sealed class LogLineReaderTests
{
    private const int Rounds = 300;

    [Fact]
    public void Lines_are_those_of_a_split_at_line_breaks()
    {
        for (int seed = 0; seed < Rounds; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = Content(random);
            var reader = new LogLineReader(new ChoppyStream(bytes, random));
            string[] expected = Encoding.Latin1.GetString(bytes).Split('\n');
            // What follows the last line break is a line only if there is something.
            expected = expected[^1].Length == 0 ? expected[..^1] : expected;
            foreach (string line in expected)
            {
                Assert.True(reader.TryRead(out ReadOnlySpan<byte> actual), $"seed {seed}");
                Assert.Equal(line.Length > Bounds.LogLineBytesMax, reader.IsCut);
                Assert.True(Encoding.Latin1.GetString(actual) == line[..Math.Min(line.Length, Bounds.LogLineBytesMax)], $"seed {seed}");
            }
            Assert.False(reader.TryRead(out _));
        }
    }

    private static byte[] Content(Random random)
    {
        var bytes = new List<byte>();
        for (int lines = random.Next(6); lines > 0; lines--)
        {
            int length = random.Next(5) switch
            {
                0 => 0,
                1 => Bounds.LogLineBytesMax + random.Next(-2, 3),
                2 => (2 * Bounds.LogLineBytesMax) + random.Next(-2, 3),
                3 => random.Next(5 * Bounds.LogLineBytesMax),
                _ => random.Next(200),
            };
            bytes.AddRange(Enumerable.Repeat((byte)random.Next('a', 'z'), length));
            if (lines > 1 || random.Next(2) == 0)
            {
                bytes.Add((byte)'\n');
            }
        }
        return [.. bytes];
    }

    /// <summary>Hands out fewer bytes than it is asked for.</summary>
    private sealed class ChoppyStream(byte[] bytes, Random random) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, random.Next(1, 40_000)));
    }
}
