using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Quota.Silo.Replay;

namespace Quota.Silo.Tests.Replay;

/// <summary>The parser takes any bytes and agrees with a slow one that is written as a pattern; lines survive any cutting of the stream.</summary>
public sealed partial class AccessLogFuzzTests
{
    private const int Rounds = 40_000;
    private const string Alphabet = "-\"\\[]:/ +?0123456789GETHPMayJan.\r\u00e9";

    [Fact]
    public void Agrees_with_a_slow_parser_on_mutated_lines()
    {
        string[] lines = SampleLog.Generate(3, 200).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        int valid = 0;
        for (int seed = 0; seed < Rounds; seed++)
        {
            var random = new Random(seed);
            string line = Mutate(lines[random.Next(lines.Length)], random);
            string? slow = Slow(line);
            string? fast = Fast(Encoding.Latin1.GetBytes(line));
            Assert.True(slow == fast, $"seed {seed}, line {line}\nslow: {slow}\nfast: {fast}");
            valid += fast is null ? 0 : 1;
        }
        Assert.InRange(valid, Rounds / 4, Rounds - 1);
    }

    [Fact]
    public void Any_bytes_are_a_line_or_a_problem()
    {
        var random = new Random(5);
        byte[] bytes = new byte[300];
        for (int i = 0; i < Rounds; i++)
        {
            random.NextBytes(bytes);
            Fast(bytes.AsSpan(0, random.Next(bytes.Length)));
        }
    }

    /// <summary>What matters of a line as text, or null if it is malformed.</summary>
    private static string? Fast(ReadOnlySpan<byte> line)
    {
        if (AccessLogParser.Parse(line, out AccessLogLine parsed) is not null)
        {
            return null;
        }
        return string.Join(
            '|', Latin(parsed.Client), Latin(parsed.User), parsed.UnixMs, Latin(parsed.Method), Latin(parsed.Path), parsed.Status, parsed.Bytes, Latin(parsed.Referer), Latin(parsed.UserAgent));
    }

    private static string? Slow(string line)
    {
        Match match = Line().Match(line.TrimEnd('\r'));
        if (!match.Success || !TrySeconds(match.Groups["time"].Value, out long seconds))
        {
            return null;
        }
        long status = long.Parse(match.Groups["status"].Value, CultureInfo.InvariantCulture);
        string size = Present(match.Groups["size"].Value);
        long bytes = 0;
        if (size.Length > 0 && !long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out bytes))
        {
            return null;
        }
        if (match.Groups["client"].Value is "-" or "" || status is < 100 or > 599)
        {
            return null;
        }
        (string method, string path) = SlowRequest(match.Groups["request"].Value);
        Match referer = Quoted().Match(match.Groups["tail"].Value);
        Match agent = referer.Success ? Quoted().Match(referer.Groups["rest"].Value) : Match.Empty;
        return string.Join(
            '|', match.Groups["client"].Value, Present(match.Groups["user"].Value), Math.Max(0, seconds) * 1000, method, path,
            status, Math.Min(bytes, 1_000_000_000_000), Present(referer.Groups["field"].Value), Present(agent.Groups["field"].Value));
    }

    private static (string Method, string Path) SlowRequest(string request)
    {
        string[] parts = request.Split(' ', 2);
        if (parts.Length < 2 || parts[0] is "" or "-" || parts[0].Any(c => c is not ((>= 'A' and <= 'Z') or '-')))
        {
            return ("", "");
        }
        int protocol = parts[1].LastIndexOf(" HTTP/", StringComparison.Ordinal);
        return (parts[0], (protocol < 0 ? parts[1] : parts[1][..protocol]).Split('?')[0]);
    }

    private static bool TrySeconds(string time, out long seconds)
    {
        bool isLeap = time.AsSpan(18, 2).SequenceEqual("60");
        string text = isLeap ? string.Concat(time.AsSpan(0, 18), "59", time.AsSpan(20)) : time;
        text = text.Insert(text.Length - 2, ":");
        seconds = 0;
        // DateTimeOffset takes offsets of up to 14 hours only, so the offset is taken off by hand.
        if (!DateTime.TryParseExact(text[..20], "dd/MMM/yyyy:HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTime local) || local.Year is < 1970 or > 9998
            || Array.IndexOf(CultureInfo.InvariantCulture.DateTimeFormat.AbbreviatedMonthNames, time.Substring(3, 3)) < 0)
        {
            return false;
        }
        int hours = int.Parse(text.AsSpan(22, 2), CultureInfo.InvariantCulture);
        int minutes = int.Parse(text.AsSpan(25, 2), CultureInfo.InvariantCulture);
        int sign = text[21] == '-' ? -1 : 1;
        seconds = (long)(local - DateTime.UnixEpoch).TotalSeconds + (isLeap ? 1 : 0) - (sign * ((hours * 3600L) + (minutes * 60)));
        return hours <= 23 && minutes <= 59;
    }

    private static string Present(string field) => field == "-" ? "" : field;

    private static string Latin(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    private static string Mutate(string line, Random random)
    {
        var text = new StringBuilder(line);
        for (int n = random.Next(0, 3); n > 0; n--)
        {
            int at = random.Next(text.Length);
            switch (random.Next(3))
            {
                case 0:
                    text[at] = Alphabet[random.Next(Alphabet.Length)];
                    break;
                case 1:
                    text.Remove(at, 1);
                    break;
                default:
                    text.Insert(at, Alphabet[random.Next(Alphabet.Length)]);
                    break;
            }
        }
        return text.ToString();
    }

    [GeneratedRegex("""^(?<client>[^ ]*) [^ ]* (?<user>(?:(?! \[).)*) \[(?<time>[0-9]{2}/.{3}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4})\] "(?<request>(?:[^"\\]|\\.)*)" ?(?<status>[0-9]+)(?: (?<size>[^ ]*)(?: (?<tail>.*))?)?$""", RegexOptions.Singleline)]
    private static partial Regex Line();

    [GeneratedRegex("""^"(?<field>(?:[^"\\]|\\.)*)" ?(?<rest>.*)$""", RegexOptions.Singleline)]
    private static partial Regex Quoted();
}
