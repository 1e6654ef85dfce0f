namespace Quota.Grains.Usage;

/// <summary>What was counted of one unit on one day. A refund is booked on the day it was made, so a day may refund more than it used.</summary>
/// <param name="Day">Local date, in days since 1970-01-01.</param>
/// <param name="Unit">The unit's name.</param>
/// <param name="Used">Units counted.</param>
/// <param name="Refunded">Units given back.</param>
public readonly record struct DayCounts(int Day, string Unit, long Used, long Refunded);
