namespace Quota.Silo.Journal;

/// <summary>The directory as it was found: which segments there are, whether they belong together, and what else lies there.</summary>
internal sealed class SegmentCatalog
{
    private readonly List<SegmentEntry> _segments = [];
    private readonly List<JournalLoss> _losses = [];

    private SegmentCatalog(JournalOptions options)
    {
        IReadOnlyList<string> names = options.Files.List();
        foreach (string name in names)
        {
            if (SegmentName.TryParse(name, out long number))
            {
                (long bytes, SegmentHeader? header) = ReadHeader(options.Files, name);
                _segments.Add(new SegmentEntry(number, bytes, header));
            }
        }
        _segments.Sort((a, b) => a.Number.CompareTo(b.Number));
        LastNumber = _segments.Count == 0 ? 0 : _segments[^1].Number;
        HasUnfinished = names.Contains(SegmentName.Unfinished);
        HasSpareFile = names.Contains(SegmentName.Spare);
        if (HasSpareFile)
        {
            (long bytes, SegmentHeader? spare) = ReadHeader(options.Files, SegmentName.Spare);
            HasUsableSpare = spare is not null && bytes == options.SegmentBytes;
            // The spare may hold frames of its number. That number is never given again, so that they can never come alive.
            LastNumber = Math.Max(LastNumber, spare?.Number ?? 0);
        }
        SegmentHeader? any = _segments.Find(segment => segment.Header is not null)?.Header;
        JournalId = any?.JournalId ?? options.NewJournalId();
    }

    /// <summary>Ascending by number.</summary>
    public IReadOnlyList<SegmentEntry> Segments => _segments;

    /// <summary>The highest number ever used, as far as one can see.</summary>
    public long LastNumber { get; }

    public ulong JournalId { get; }

    public bool HasUnfinished { get; }

    public bool HasSpareFile { get; }

    public bool HasUsableSpare { get; }

    /// <summary>Damage to the headers and lengths of segments.</summary>
    public IReadOnlyList<JournalLoss> Losses => _losses;

    /// <summary>Reads the directory. <paramref name="refusal"/> is set if the files cannot be one journal of this version.</summary>
    public static SegmentCatalog Read(JournalOptions options, out JournalOpening? refusal)
    {
        SegmentCatalog catalog = new(options);
        refusal = null;
        foreach (SegmentEntry segment in catalog._segments)
        {
            refusal ??= catalog.Judge(segment);
        }
        return catalog;
    }

    private JournalOpening? Judge(SegmentEntry segment)
    {
        if (segment.Header is not { } header)
        {
            _losses.Add(new JournalLoss(segment.Name, 0, SegmentHeader.Bytes, "The segment's header is damaged."));
            return null;
        }
        if (header.Version != SegmentHeader.CurrentVersion)
        {
            return Refuse(JournalOpenOutcome.WrongVersion,
                $"{segment.Name} has format version {header.Version}, this build reads {SegmentHeader.CurrentVersion}.");
        }
        if (header.JournalId != JournalId)
        {
            return Refuse(JournalOpenOutcome.Foreign,
                $"{segment.Name} belongs to journal {header.JournalId:x16}, the segments before it to {JournalId:x16}.");
        }
        if (header.Number != segment.Number)
        {
            return Refuse(JournalOpenOutcome.Foreign, $"{segment.Name} holds segment {header.Number}: the file was renamed.");
        }
        if (segment.FileBytes != header.SegmentBytes)
        {
            _losses.Add(new JournalLoss(
                segment.Name, segment.LimitBytes, Math.Abs(header.SegmentBytes - segment.FileBytes),
                $"The file has {segment.FileBytes} bytes, its header says {header.SegmentBytes}."));
        }
        return null;
    }

    private static JournalOpening Refuse(JournalOpenOutcome outcome, string message) => new(outcome, message, new JournalReport(), null);

    private static (long Bytes, SegmentHeader? Header) ReadHeader(IJournalFiles files, string name)
    {
        using IJournalFile file = files.Open(name);
        byte[] bytes = new byte[SegmentHeader.Bytes];
        int read = file.Read(bytes, 0);
        return (file.Length, SegmentHeader.TryDecode(bytes.AsSpan(0, read), out SegmentHeader header) ? header : null);
    }
}
