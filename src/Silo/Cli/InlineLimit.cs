using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Cli;

/// <summary>
/// Turns limits written on the command line into the nodes that the configuration's reader takes, so that both mean the same
/// and have the same errors. An error's line is the number of the <c>--limit</c>, its column the place within it.
/// </summary>
internal static class InlineLimit
{
    private static readonly string[] LimitFields = ["name", "mode", "per"];
    private const string MatchPrefix = "match.";

    /// <summary>A plan's node.</summary>
    public static ConfigMapping Plan(IReadOnlyList<string> limits)
    {
        var list = new ConfigSequence(1, 1, [.. limits.Select((text, i) => Limit(text, i + 1))]);
        return Mapping(1, [new ConfigEntry(Scalar(1, 1, "limits"), list)]);
    }

    private static ConfigNode Limit(string text, int line)
    {
        int slash = text.IndexOf('/');
        if (slash >= 0 && !text.Contains('='))
        {
            string period = text[(slash + 1)..];
            ConfigMapping count = Mapping(line, [Entry(line, 1, "amount", text[..slash]), Entry(line, slash + 2, "period", period)]);
            return Mapping(line, [Entry(line, 1, "name", text), new ConfigEntry(Scalar(line, 1, Kind(period)), count)]);
        }
        return Named(text, line);
    }

    private static ConfigNode Named(string text, int line)
    {
        List<ConfigEntry> limit = [], count = [], match = [];
        string period = "";
        int column = 1;
        foreach (string part in text.Split(','))
        {
            int equals = part.IndexOf('=');
            if (equals <= 0)
            {
                // Not a mapping where one is expected: the reader says so.
                return Scalar(line, column, part);
            }
            string name = part[..equals];
            string value = part[(equals + 1)..];
            bool isMatch = name.StartsWith(MatchPrefix, StringComparison.Ordinal);
            List<ConfigEntry> target = isMatch ? match : LimitFields.Contains(name) ? limit : count;
            string field = isMatch ? name[MatchPrefix.Length..] : name;
            if (target.Any(e => e.Name.Value == field))
            {
                return Scalar(line, column, part);
            }
            target.Add(new ConfigEntry(Scalar(line, column, field), Values(line, column + equals + 1, value)));
            period = name == "period" ? value : period;
            column += part.Length + 1;
        }
        if (match.Count > 0)
        {
            limit.Add(new ConfigEntry(Scalar(line, 1, "match"), Mapping(line, match)));
        }
        limit.Add(new ConfigEntry(Scalar(line, 1, Kind(period)), Mapping(line, count)));
        return Mapping(line, limit);
    }

    private static string Kind(string period) => QuotaConfig.IsCalendarPeriod(period) ? "quota" : "rate";

    /// <summary>One value, or several with <c>|</c> between them (a comma ends the field), where a list is meant.</summary>
    private static ConfigNode Values(int line, int column, string text) => text.Contains('|')
        ? new ConfigSequence(line, column, [.. text.Split('|').Select(value => Scalar(line, column, value))])
        : Scalar(line, column, text);

    private static ConfigEntry Entry(int line, int column, string name, string value) => new(Scalar(line, column, name), Scalar(line, column, value));

    private static ConfigMapping Mapping(int line, IReadOnlyList<ConfigEntry> entries) => new(line, 1, entries);

    private static ConfigScalar Scalar(int line, int column, string value) => new(line, column, value, plain: true);
}
