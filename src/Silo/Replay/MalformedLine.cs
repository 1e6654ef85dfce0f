namespace Quota.Silo.Replay;

/// <summary>A line that is no line of an access log.</summary>
/// <param name="File">The file as the user named it.</param>
/// <param name="Line">Line number, from 1.</param>
/// <param name="Problem">What is wrong with it.</param>
public sealed record MalformedLine(string File, long Line, string Problem);
