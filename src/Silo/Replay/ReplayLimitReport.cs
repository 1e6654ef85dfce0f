namespace Quota.Silo.Replay;

/// <summary>What one limit did.</summary>
/// <param name="Name">The limit.</param>
/// <param name="Mode"><c>enforce</c> or <c>shadow</c>.</param>
/// <param name="Checked">Requests it applied to.</param>
/// <param name="Exceeded">Requests it had no room for: refused, or in shadow mode what it would have refused.</param>
/// <param name="Decided">Refusals it decided: of several exceeded limits the one with the longest wait.</param>
/// <param name="Keys">Keys it had no room for at least once.</param>
public sealed record ReplayLimitReport(string Name, string Mode, long Checked, long Exceeded, long Decided, long Keys);
