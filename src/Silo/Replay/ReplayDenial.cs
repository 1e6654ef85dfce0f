namespace Quota.Silo.Replay;

/// <summary>One refusal.</summary>
/// <param name="File">The file as the user named it.</param>
/// <param name="Line">Line number, from 1.</param>
/// <param name="At">The instant it was decided at.</param>
/// <param name="Key">Who was refused.</param>
/// <param name="Limit">The limit that decided.</param>
/// <param name="RetryAfterMs">When there is room again; -1 if never.</param>
/// <param name="Method">The request's method, or empty.</param>
/// <param name="Path">The request's path, or empty.</param>
public sealed record ReplayDenial(string File, long Line, DateTime At, string Key, string Limit, long RetryAfterMs, string Method, string Path);
