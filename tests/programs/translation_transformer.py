"""nn.Transformer copies sequences, shifted; greedy decoding with a causal mask at the end."""

import torch
import torch.nn as nn

torch.manual_seed(0)
VOCABULARY, LENGTH, BOS = 8, 5, 0


class Seq2SeqTransformer(nn.Module):
    def __init__(self, size=16):
        super().__init__()
        self.token = nn.Embedding(VOCABULARY, size)
        self.place = nn.Embedding(LENGTH + 1, size)
        self.transformer = nn.Transformer(size, 2, num_encoder_layers=1, num_decoder_layers=1, dim_feedforward=32, dropout=0.0,
                                          activation="gelu", batch_first=True, norm_first=True)
        self.generator = nn.Linear(size, VOCABULARY)

    def embed(self, tokens):
        return self.token(tokens) + self.place(torch.arange(tokens.size(1)))

    def forward(self, source, target):
        mask = nn.Transformer.generate_square_subsequent_mask(target.size(1))
        out = self.transformer(self.embed(source), self.embed(target), tgt_mask=mask, tgt_is_causal=True)
        return self.generator(out)


model = Seq2SeqTransformer()
print(sum(p.numel() for p in model.parameters()), nn.Transformer.generate_square_subsequent_mask(3))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3, betas=(0.9, 0.98), eps=1e-9)
warmup = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min((step + 1) ** -0.5, (step + 1) * 4 ** -1.5))
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
for step in range(14):
    source = torch.randint(1, VOCABULARY, (16, LENGTH))
    target = torch.cat([torch.full((16, 1), BOS), source], dim=1)
    logits = model(source, target[:, :-1])
    loss = criterion(logits.reshape(-1, VOCABULARY), target[:, 1:].reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    warmup.step()
    if step % 4 == 0:
        print(f"step {step}: loss {loss.item():.6f} lr {warmup.get_last_lr()[0]:.6f}")

model.eval()
with torch.no_grad():
    source = torch.tensor([[3, 1, 4, 1, 5]])
    memory = model.transformer.encoder(model.embed(source))
    answer = torch.full((1, 1), BOS)
    for _ in range(LENGTH):
        out = model.transformer.decoder(model.embed(answer), memory)
        answer = torch.cat([answer, model.generator(out[:, -1:]).argmax(-1)], dim=1)
    print(answer.shape, bool((answer < VOCABULARY).all()))
