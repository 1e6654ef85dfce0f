namespace Quota.Silo.Replay;

/// <summary>One request of a sample log: made <c>StartMs</c> and answered <c>EndMs</c> after the log's beginning; servers log in the order of answers.</summary>
internal sealed record SampleRequest(long StartMs, long EndMs, string Client, string User, string Method, string Target, int Status, int Bytes, string Referer, string UserAgent);
