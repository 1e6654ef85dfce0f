namespace Quota.Silo.Replay;

/// <summary>Which part of a line says who is counted.</summary>
public enum ReplayKeySource
{
    Ip,
    User,
    Path,
    Method,
    UserAgent,
    Referer,
}
