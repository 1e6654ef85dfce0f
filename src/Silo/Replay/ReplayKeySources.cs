namespace Quota.Silo.Replay;

/// <summary>The names of <see cref="ReplayKeySource"/> on the command line and in reports.</summary>
internal static class ReplayKeySources
{
    private static readonly Dictionary<string, ReplayKeySource> ByName = new(StringComparer.Ordinal)
    {
        ["ip"] = ReplayKeySource.Ip,
        ["user"] = ReplayKeySource.User,
        ["path"] = ReplayKeySource.Path,
        ["method"] = ReplayKeySource.Method,
        ["user_agent"] = ReplayKeySource.UserAgent,
        ["referer"] = ReplayKeySource.Referer,
    };

    public static IReadOnlyCollection<string> Names => ByName.Keys;

    public static ReplayKeySource Parse(string name) => ByName[name];

    public static string Name(ReplayKeySource source) => ByName.First(pair => pair.Value == source).Key;
}
