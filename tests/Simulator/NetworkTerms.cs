namespace Quota.Simulator;

/// <summary>How bad the way between silos and store is.</summary>
/// <param name="LostRequests">Share of calls that never arrive.</param>
/// <param name="LostAnswers">Share of calls that are done and whose caller never learns it.</param>
/// <param name="Slow">Share of messages that take up to a second.</param>
/// <param name="TimeoutMs">When a caller gives up.</param>
internal sealed record NetworkTerms(double LostRequests, double LostAnswers, double Slow, int TimeoutMs);
