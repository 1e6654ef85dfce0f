namespace Quota.Silo.Edge.Http;

/// <summary>
/// A path with variable segments. It is matched against the path as it was sent, segment by segment and decoded only then, so
/// that a name may contain a slash (%2F) or end like a verb (%3A). Immutable.
/// </summary>
internal sealed class PathTemplate(string path)
{
    private readonly Segment[] _segments = [.. path.Split('/').Skip(1).Select(s => new Segment(s))];

    /// <summary>The template as text.</summary>
    public string Path { get; } = path;

    /// <summary>Whether it has a variable segment.</summary>
    public bool IsVariable => Array.Exists(_segments, s => s.Name is not null);

    /// <summary>How narrow it is: of several that match, the narrowest is meant.</summary>
    public int Rank => _segments.Sum(s => s.Name is null ? 2 : s.Suffix.Length > 0 ? 1 : 0);

    /// <summary>Whether the path is one of these; on true the values of its variable segments are set.</summary>
    /// <param name="segments">The segments of the path, as they were sent.</param>
    /// <param name="values">Where the values are put; null to find out only.</param>
    public bool Matches(string[] segments, RouteValueDictionary? values)
    {
        if (segments.Length != _segments.Length)
        {
            return false;
        }
        for (int i = 0; i < segments.Length; i++)
        {
            if (!_segments[i].Takes(segments[i]))
            {
                return false;
            }
        }
        for (int i = 0; i < segments.Length && values is not null; i++)
        {
            if (_segments[i].Name is { } name)
            {
                values[name] = Uri.UnescapeDataString(segments[i][..^_segments[i].Suffix.Length]);
            }
        }
        return true;
    }

    private readonly record struct Segment
    {
        public Segment(string text)
        {
            int end = text.StartsWith('{') ? text.IndexOf('}') : -1;
            Name = end < 0 ? null : text[1..end];
            Suffix = end < 0 ? text : text[(end + 1)..];
        }

        /// <summary>Name of the value, or null: the segment is fixed.</summary>
        public string? Name { get; }

        /// <summary>What a variable segment ends with, or a fixed one is.</summary>
        public string Suffix { get; }

        public bool Takes(string segment) =>
            Name is null ? segment == Suffix : segment.Length > Suffix.Length && segment.EndsWith(Suffix, StringComparison.Ordinal);
    }
}
