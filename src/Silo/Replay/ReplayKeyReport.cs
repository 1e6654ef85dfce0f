namespace Quota.Silo.Replay;

/// <summary>One key that was refused.</summary>
public sealed record ReplayKeyReport(string Key, long Requests, long Denied, DateTime FirstDenied, long BusiestMinute);
