using System.Buffers.Text;
using Quota.Contracts;

namespace Quota.Silo.Replay;

/// <summary>
/// Reads a line of the common or combined log format, as Apache and nginx write it by default:
/// <c>client ident user [17/May/2015:10:05:03 +0000] "GET /path?query HTTP/1.1" 200 123 "referer" "user agent"</c>. What follows
/// the user agent is ignored, so formats that append fields are read too. Allocates nothing and accepts any bytes.
/// (Source: the Apache manual, mod_log_config, "combined"; nginx manual, ngx_http_log_module.)
/// </summary>
public static class AccessLogParser
{
    private static ReadOnlySpan<byte> Months => "JanFebMarAprMayJunJulAugSepOctNovDec"u8;

    /// <summary>Reads one line, without its line break.</summary>
    /// <param name="line">Any bytes.</param>
    /// <param name="parsed">Meaningful if there is no error.</param>
    /// <returns>What is wrong with the line, or null.</returns>
    public static string? Parse(ReadOnlySpan<byte> line, out AccessLogLine parsed)
    {
        parsed = default;
        ReadOnlySpan<byte> rest = line.TrimEnd((byte)'\r');
        parsed.Client = Present(Word(ref rest));
        if (parsed.Client.IsEmpty)
        {
            return "the client's address is missing";
        }
        // The user may contain blanks: everything from the ident's end to the time belongs to it.
        Word(ref rest);
        int time = rest.IndexOf(" ["u8);
        if (time < 0)
        {
            return "the time is missing";
        }
        parsed.User = Present(rest[..time]);
        rest = rest[(time + 2)..];
        if (!TryTime(ref rest, out parsed.UnixMs))
        {
            return "the time is not like [17/May/2015:10:05:03 +0000]";
        }
        if (!TryQuoted(ref rest, out ReadOnlySpan<byte> request))
        {
            return "the request is not in quotes";
        }
        Request(request, ref parsed);
        parsed.StatusText = Word(ref rest);
        if (!TryNumber(parsed.StatusText, out long status) || status is < 100 or > 599)
        {
            return "the status is not a number from 100 to 599";
        }
        parsed.Status = (int)status;
        ReadOnlySpan<byte> bytes = Present(Word(ref rest));
        if (!bytes.IsEmpty && !TryNumber(bytes, out parsed.Bytes))
        {
            return "the size of the answer is not a number";
        }
        parsed.Bytes = Math.Min(parsed.Bytes, Bounds.CostMax);
        // The common format ends here; a line cut off within the two last fields still has all that matters.
        if (TryQuoted(ref rest, out parsed.Referer) && TryQuoted(ref rest, out parsed.UserAgent))
        {
            parsed.UserAgent = Present(parsed.UserAgent);
        }
        parsed.Referer = Present(parsed.Referer);
        return null;
    }

    private static ReadOnlySpan<byte> Present(ReadOnlySpan<byte> field) => field.SequenceEqual("-"u8) ? default : field;

    private static ReadOnlySpan<byte> Word(scoped ref ReadOnlySpan<byte> rest)
    {
        int end = rest.IndexOf((byte)' ');
        ReadOnlySpan<byte> word = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[(end + 1)..];
        return word;
    }

    /// <summary>Takes a quoted field and the blank after it. A quote within it is written <c>\"</c>; it stays escaped.</summary>
    private static bool TryQuoted(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> field)
    {
        field = default;
        if (rest.IsEmpty || rest[0] != '"')
        {
            return false;
        }
        for (int i = 1; i < rest.Length; i++)
        {
            if (rest[i] == '\\')
            {
                i++;
            }
            else if (rest[i] == '"')
            {
                field = rest[1..i];
                rest = rest[(i + 1)..];
                rest = rest.IsEmpty || rest[0] != ' ' ? rest : rest[1..];
                return true;
            }
        }
        return false;
    }

    private static void Request(ReadOnlySpan<byte> request, ref AccessLogLine parsed)
    {
        int blank = request.IndexOf((byte)' ');
        if (blank <= 0 || request[..blank].ContainsAnyExcept("ABCDEFGHIJKLMNOPQRSTUVWXYZ-"u8) || request[..blank].SequenceEqual("-"u8))
        {
            // Port scans and TLS on a plain port are logged too; they have no method and no path.
            return;
        }
        ReadOnlySpan<byte> target = request[(blank + 1)..];
        int protocol = target.LastIndexOf(" HTTP/"u8);
        target = protocol < 0 ? target : target[..protocol];
        int query = target.IndexOf((byte)'?');
        parsed.Method = request[..blank];
        parsed.Path = query < 0 ? target : target[..query];
    }

    /// <summary>Takes <c>17/May/2015:10:05:03 +0000] </c>.</summary>
    private static bool TryTime(scoped ref ReadOnlySpan<byte> rest, out long unixMs)
    {
        const int Length = 28;
        unixMs = 0;
        if (rest.Length < Length || rest[2] != '/' || rest[6] != '/' || rest[11] != ':' || rest[14] != ':' || rest[17] != ':' || rest[20] != ' ' || rest[26] != ']' || rest[27] != ' ')
        {
            return false;
        }
        int month = Months.IndexOf(rest.Slice(3, 3));
        if (month < 0 || month % 3 != 0
            || !TryNumber(rest[..2], out long day) || !TryNumber(rest.Slice(7, 4), out long year)
            || !TryNumber(rest.Slice(12, 2), out long hour) || !TryNumber(rest.Slice(15, 2), out long minute) || !TryNumber(rest.Slice(18, 2), out long second)
            || rest[21] is not ((byte)'+' or (byte)'-') || !TryNumber(rest.Slice(22, 2), out long offsetHours) || !TryNumber(rest.Slice(24, 2), out long offsetMinutes))
        {
            return false;
        }
        month = (month / 3) + 1;
        // Before the epoch there was no web to log; a leap second is logged as 60.
        if (year is < 1970 or > 9998 || day < 1 || day > DateTime.DaysInMonth((int)year, month) || hour > 23 || minute > 59 || second > 60 || offsetHours > 23 || offsetMinutes > 59)
        {
            return false;
        }
        long offset = ((offsetHours * 60) + offsetMinutes) * (rest[21] == '-' ? -60 : 60);
        var date = new DateTime((int)year, month, (int)day, 0, 0, 0, DateTimeKind.Utc);
        long seconds = ((long)(date - DateTime.UnixEpoch).TotalSeconds) + (hour * 3600) + (minute * 60) + second - offset;
        unixMs = Math.Max(0, seconds) * 1000;
        rest = rest[Length..];
        return true;
    }

    private static bool TryNumber(ReadOnlySpan<byte> text, out long value) =>
        Utf8Parser.TryParse(text, out value, out int consumed) && consumed == text.Length && text[0] is >= (byte)'0' and <= (byte)'9';
}
