using System.IO.Compression;
using Quota.Contracts;

namespace Quota.Silo.Replay;

/// <summary>
/// Replays whole files, one after the other, in the order they are given; or, with <see cref="ReplayOptions.Sort"/>, holds
/// their lines until all are read and replays them in the order of their times, and of the files where times are equal.
/// </summary>
internal sealed class Replayer(ReplayOptions options, Stream standardInput, Action<string, long, long> progress)
{
    /// <summary>The name that stands for standard input.</summary>
    public const string StandardInput = "-";

    private const int ProgressLines = 4_096;
    private readonly ReplayEngine _engine = new(options);
    private readonly ReplayTally _tally = new(options);
    private readonly List<(long UnixMs, string File, long Number, byte[] Line)> _held = [];
    private long _heldBytes;

    /// <summary>The report of everything replayed so far.</summary>
    public ReplayReport Report() => _tally.Report(_engine);

    /// <summary>Replays the lines that were held to be sorted.</summary>
    /// <returns>What kept them from being replayed, or null.</returns>
    public string? Finish(CancellationToken cancellationToken)
    {
        string? problem = null;
        foreach ((_, string file, long number, byte[] line) in _held.OrderBy(held => held.UnixMs))
        {
            cancellationToken.ThrowIfCancellationRequested();
            AccessLogParser.Parse(line, out AccessLogLine parsed);
            problem ??= Decide(file, number, parsed);
        }
        _held.Clear();
        return problem;
    }

    /// <summary>Replays one file, plain or gzip.</summary>
    /// <returns>What kept it from being replayed to its end, or null.</returns>
    public string? Replay(string file, CancellationToken cancellationToken)
    {
        try
        {
            using Stream raw = file == StandardInput ? standardInput : File.OpenRead(file);
            using Stream text = Unpacked(raw);
            return Lines(file, text, raw, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or ArgumentException or NotSupportedException)
        {
            return $"{file}: cannot be read{(_tally.Lines > 0 ? " to its end" : "")}: {e.Message}";
        }
    }

    private string? Lines(string file, Stream text, Stream raw, CancellationToken cancellationToken)
    {
        var reader = new LogLineReader(text);
        long lengthBytes = raw.CanSeek ? raw.Length : 0;
        for (long number = 1; reader.TryRead(out ReadOnlySpan<byte> line); number++)
        {
            if (number % ProgressLines == 0)
            {
                progress(file, raw.CanSeek ? raw.Position : 0, lengthBytes);
                cancellationToken.ThrowIfCancellationRequested();
            }
            string? problem = AccessLogParser.Parse(line, out AccessLogLine parsed);
            problem = reader.IsCut ? $"the line has more than {Bounds.LogLineBytesMax} bytes" : problem;
            if (problem is not null)
            {
                _tally.Malformed(file, number, problem);
                continue;
            }
            problem = options.Sort ? Hold(file, number, line, parsed) : Decide(file, number, parsed);
            if (problem is not null)
            {
                return problem;
            }
        }
        progress(file, lengthBytes, lengthBytes);
        return null;
    }

    private string? Decide(string file, long number, in AccessLogLine parsed)
    {
        ReplayDecision decision = _engine.Decide(parsed);
        if (decision.Outcome == ReplayOutcome.TooManyKeys)
        {
            return $"{file}:{number}: there are more keys and attribute values than a replay keeps ({Bounds.ReplayKeysMax})";
        }
        _tally.Decided(file, number, parsed, decision, _engine.LastKey);
        return null;
    }

    private string? Hold(string file, long number, ReadOnlySpan<byte> line, in AccessLogLine parsed)
    {
        _heldBytes += line.Length;
        if (_heldBytes > Bounds.ReplaySortBytesMax)
        {
            return $"{file}:{number}: there are more lines than a replay sorts ({Bounds.ReplaySortBytesMax} bytes)";
        }
        _held.Add((parsed.UnixMs, file, number, line.ToArray()));
        return null;
    }

    /// <summary>Unpacks gzip, told by its first two bytes, so that standard input and renamed files work too.</summary>
    private static Stream Unpacked(Stream raw)
    {
        byte[] head = new byte[2];
        int n = raw.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        bool isGzip = n == 2 && head[0] == 0x1f && head[1] == 0x8b;
        if (raw.CanSeek)
        {
            raw.Position = 0;
            return isGzip ? new GZipStream(raw, CompressionMode.Decompress) : raw;
        }
        Stream whole = new PrefixedStream(head[..n], raw);
        return isGzip ? new GZipStream(whole, CompressionMode.Decompress) : whole;
    }
}
