using System.IO.Compression;

namespace Quota.Silo.Replay;

/// <summary>Replays whole files, one after the other, in the order they are given.</summary>
internal sealed class Replayer(ReplayOptions options, Stream standardInput, Action<string, long, long> progress)
{
    /// <summary>The name that stands for standard input.</summary>
    public const string StandardInput = "-";

    private const int ProgressLines = 4_096;
    private readonly ReplayEngine _engine = new(options);
    private readonly ReplayTally _tally = new(options);

    /// <summary>The report of everything replayed so far.</summary>
    public ReplayReport Report() => _tally.Report(_engine);

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
            problem = reader.IsCut ? $"the line has more than {Contracts.Bounds.LogLineBytesMax} bytes" : problem;
            if (problem is not null)
            {
                _tally.Malformed(file, number, problem);
                continue;
            }
            ReplayDecision decision = _engine.Decide(parsed);
            if (decision.Outcome == ReplayOutcome.TooManyKeys)
            {
                return $"{file}:{number}: there are more keys and attribute values than a replay keeps ({Contracts.Bounds.ReplayKeysMax})";
            }
            _tally.Decided(file, number, parsed, decision, _engine.LastKey);
        }
        progress(file, lengthBytes, lengthBytes);
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
