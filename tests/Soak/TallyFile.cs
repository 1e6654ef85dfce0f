namespace Quota.Soak;

/// <summary>A client's tally as it is handed to the driver.</summary>
/// <param name="Keys">What was counted, by key.</param>
/// <param name="Events">What happened how often.</param>
/// <param name="Faults">Answers that no silo may give.</param>
internal sealed record TallyFile(Dictionary<string, KeyTally> Keys, Dictionary<string, long> Events, List<string> Faults);
