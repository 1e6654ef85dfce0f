using System.Diagnostics;
using System.Text;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Tests.Catalog;

/// <summary>Whatever a file contains, it is read in bounded time and leads to a catalog or to errors, never to an exception.</summary>
public sealed class ConfigFuzzTests
{
    private const int Rounds = 3_000;
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(5);

    private static readonly string[] Tokens =
    [
        ": ", "- ", "\n", "  ", "{", "}", "[", "]", ",", "#", "&a ", "*a", "!!int ", "|", ">", "\"", "'", "---\n", "...\n", "? ", "<<: ", "\t", "\0", "\u0085", "\u2028",
        "\uFEFF", "%YAML 1.2\n", "99999999999999999999", "-1", "10x", "null", "~", "\\uD800", "%TAG ! tag:x\n", "@", "`", "\r", "!<x> ",
    ];

    [Fact]
    public void Mutations_of_the_example_never_throw()
    {
        byte[] example = File.ReadAllBytes(RepositoryFiles.Example);
        for (int seed = 0; seed < Rounds; seed++)
        {
            byte[] mutant = Mutate(example, new Random(seed));
            long start = Stopwatch.GetTimestamp();
            Exception? thrown = Record.Exception(() => CheckResult(ConfigLoader.Parse(mutant, "quota.yaml")));
            Assert.True(thrown is null, $"seed {seed}: {thrown}");
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeMax, $"seed {seed} took {Stopwatch.GetElapsedTime(start)}");
        }
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{")]
    [InlineData("- ")]
    [InlineData("? ")]
    [InlineData("{a: ")]
    [InlineData("&a ")]
    [InlineData("!x ")]
    [InlineData("\"")]
    [InlineData("a: ")]
    [InlineData("# ")]
    [InlineData("a\n")]
    [InlineData("|\n")]
    [InlineData("- - \n")]
    [InlineData("a, ")]
    public void A_long_repetition_is_refused_in_bounded_time(string token)
    {
        string text = string.Concat(Enumerable.Repeat(token, 200_000 / token.Length));
        foreach (string yaml in (string[])[text, "namespaces: " + text, "namespaces: [" + text])
        {
            long start = Stopwatch.GetTimestamp();
            CheckResult(ConfigLoader.Parse(yaml, "quota.yaml"));
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeMax, $"took {Stopwatch.GetElapsedTime(start)}");
        }
    }

    private static void CheckResult(ConfigResult result) => Assert.Equal(result.IsValid, result.Errors.Count == 0);

    private static byte[] Mutate(byte[] original, Random random)
    {
        var bytes = new List<byte>(original);
        for (int n = random.Next(1, 6); n > 0; n--)
        {
            int at = random.Next(bytes.Count);
            int length = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, length);
                    break;
                case 2:
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length));
                    break;
                case 3:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(Tokens[random.Next(Tokens.Length)]));
                    break;
            }
            if (bytes.Count == 0)
            {
                break;
            }
        }
        return [.. bytes];
    }
}
