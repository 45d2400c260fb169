# Material that is reported apart from completions. The bill of materials is an estimate: a component that was reported
# for an order is consumed as reported in all of it, and no longer by the bill.


def apart_key(family):
    # The oldest order of a chain stays in it through all splitting.
    return 'mrp.production,%s' % min(family.ids)


def apart_rows(family):
    rows = env['x_lineshaft_operation'].search(
        [('x_operation', '=', 'consumeMaterial'), ('x_about', '=', apart_key(family)), ('x_kept', '!=', False)], order='id')
    return [(row, json.loads(row.x_kept)) for row in rows]


def reported_components(rows):
    # {component: ids of the orders that reports of it were booked on}
    reported = {}
    for row, kept in rows:
        for line in kept['lines']:
            if not line['additional']:
                reported.setdefault(line['component'], []).append(line['order'])
    return reported


def plan_apart(plan, order):
    # What was reported before its completion is consumed with it; of what was reported, nothing more by the bill.
    plan['named'] = []
    for line in plan['consumption']:
        plan['named'].append(line['product'].id)
    rows = apart_rows(chain_of(plan['value']['order']))
    plan['apart'] = []
    for row, kept in rows:
        for line in kept['lines']:
            if not line['order']:
                add_waiting(plan, order, line)
                plan['apart'].append(row)
    for component in reported_components(rows):
        if component not in plan['named']:
            own = open_moves(order, component)
            if own:
                plan['consumption'].append({'product': own[0].product_id, 'moves': own, 'unit': own[0].product_uom, 'shares': [(False, 0.0)]})
            plan['named'].append(component)


def open_moves(order, product):
    return order.move_raw_ids.filtered_domain([('product_id', '=', product), ('state', 'not in', ['done', 'cancel'])])


def add_waiting(plan, order, line):
    product = env['product.product'].browse(line['product'])
    found = []
    for one in plan['consumption']:
        if one['product'] == product:
            found.append(one)
    if not found:
        own = open_moves(order, product.id)
        fresh = {'product': product, 'moves': own, 'unit': own and own[0].product_uom or product.uom_id, 'shares': []}
        if line['additional'] and own:
            fresh['shares'].append((False, sum(own.mapped('unit_factor')) * plan['produced']))
        plan['consumption'].append(fresh)
        found.append(fresh)
        if not line['additional']:
            plan['named'].append(product.id)
    for share in line['shares']:
        amount = product.uom_id._compute_quantity(share[1], found[0]['unit'], round=False)
        found[0]['shares'].append((share[0] and env['stock.lot'].browse(share[0]) or False, amount))


def settle_apart(plan):
    for row in plan['apart']:
        kept = json.loads(row.x_kept)
        for line in kept['lines']:
            line['order'] = line['order'] or plan['done'][0].id
        row.write({'x_kept': json.dumps(kept)})


def plan_consume_material(plan):
    value = plan['value']
    family = chain_of(value['order'])
    done = family.filtered_domain([('state', '=', 'done')]).sorted('id')
    rest = family.filtered_domain([('state', 'in', OPEN_STATES)])
    if not done and not rest:
        open_order(value['order'])
    rows = apart_rows(family)
    reported = reported_components(rows)
    plan.update({'family': family, 'done': done, 'reported': reported, 'lines': [], 'lock': ('order', min(family.ids))})
    for line in value['lines']:
        product = product_of(line['product'])
        component = line.get('insteadOf') and product_of(line['insteadOf']) or product
        if component != product and component not in family.move_raw_ids.product_id:
            refuse('component-unknown', '%s is no component of %s, so that nothing can be used instead of it.' % (component.default_code, value['order']))
        shares = []
        for share in lot_shares(line, product, product.uom_id):
            if share[1] <= 0:
                refuse('nothing-reported', 'Consumption of %s needs a quantity above zero.' % product.default_code)
            if product.tracking != 'none' and not share[0]:
                refuse('lot-missing', 'The component %s is tracked by %s, and the report of what %s consumed names none.' % (
                    product.default_code, product.tracking, value['order']))
            lot = share[0] and lot_of(product, share[0]) or False
            if lot:
                refuse_held(product, lot, False)
            shares.append((lot, share[1]))
        additional = bool(line.get('additional'))
        waits = bool(rest) and (not done or (not additional and done[-1].id in reported.get(component.id, [])))
        plan['lines'].append({'product': product, 'component': component, 'additional': additional, 'shares': shares, 'waits': waits})


def apply_consume_material(plans):
    for plan in plans:
        kept = []
        for line in plan['lines']:
            if not line['additional'] and line['component'].id not in plan['reported']:
                give_back(plan, line['component'])
                plan['reported'][line['component'].id] = []
        for line in plan['lines']:
            if not line['waits']:
                consume_now(plan['done'][-1], line['product'], line['shares'])
            kept.append({
                'product': line['product'].id, 'component': line['component'].id, 'additional': line['additional'],
                'order': False if line['waits'] else plan['done'][-1].id,
                'shares': [[share[0] and share[0].id or False, share[1]] for share in line['shares']]})
        order = plan['done'][-1:] or plan['family'][:1]
        if plan['value'].get('note'):
            order.message_post(body=plan['value']['note'])
        plan.update({'about': apart_key(plan['family']), 'kept': json.dumps({'lines': kept})})
        waits = [line for line in kept if not line['order']]
        settle(plan, order, '%s of %s' % ('waits for the next completion' if waits else 'consumption', order.name), {
            'order': order.name, 'waits': len(waits)})


def give_back(plan, component):
    # What completions took of it by the bill was an estimate; what they were told to take was none.
    named = []
    rows = env['x_lineshaft_operation'].search([
        ('x_operation', 'in', ['completeOrder', 'correctCompletion']), ('x_model', '=', 'mrp.production'),
        ('x_res_id', 'in', plan['family'].ids), ('x_kept', '!=', False)])
    for row in rows:
        kept = json.loads(row.x_kept)
        if component.id in kept.get('named', []):
            named = named + kept['orders']
    for order in plan['done']:
        if order.id not in named:
            taken = order.move_raw_ids.filtered_domain([('product_id', '=', component.id), ('state', '=', 'done')])
            taken.move_line_ids.write({'quantity': 0.0})


def consume_now(order, product, shares):
    # On a finished order Odoo books changed and added lines at once.
    for share in shares:
        require_stock(order, product, share)
    move = order.move_raw_ids.filtered_domain([('product_id', '=', product.id), ('state', '=', 'done')])[:1]
    unit = move.product_uom or product.uom_id
    if not move:
        vals = order._get_move_raw_values(product, 0.0, unit)
        move = env['stock.move'].create(vals)
        move._action_confirm(merge=False)
    for share in shares:
        env['stock.move.line'].create({
            'move_id': move.id, 'product_id': product.id, 'product_uom_id': unit.id, 'picked': True,
            'quantity': product.uom_id._compute_quantity(share[1], unit, round=False),
            'lot_id': share[0] and share[0].id or False, 'location_id': move.location_id.id,
            'location_dest_id': move.location_dest_id.id, 'company_id': company.id,
        })
    if move.state != 'done':
        move.write({'picked': True})
        move._action_done()
    if move.state != 'done':
        refuse('not-completed', 'Odoo left the consumption of %s for %s in the state %s.' % (product.default_code, order.name, move.state))


def require_stock(order, product, share):
    if not counted_in_stock(product):
        return
    held = held_at(order.location_src_id, product, share[0])
    if float_compare(held, share[1], precision_digits=6) < 0:
        refuse('insufficient-stock', '%s consumed %s of %s%s, and %s holds %s.' % (
            order.name, share[1], product.default_code, share[0] and ' of the lot %s' % share[0].name or '',
            order.location_src_id.complete_name, held))


def counted_in_stock(product):
    return product.is_storable if 'is_storable' in product._fields else product.detailed_type == 'product'


def held_at(location, product, lot):
    here = [('product_id', '=', product.id), ('location_id', 'child_of', location.id)]
    if lot:
        here.append(('lot_id', '=', lot.id))
    return sum(env['stock.quant'].search(here).mapped('quantity'))


def refuse_short(orders):
    # The report asks that nothing is booked of which the stock holds too little.
    for order in orders:
        for line in order.move_raw_ids.filtered_domain([('state', '=', 'done')]).move_line_ids:
            if counted_in_stock(line.product_id):
                held = held_at(line.location_id, line.product_id, line.lot_id)
                if line.quantity and float_compare(held, 0.0, precision_digits=6) < 0:
                    refuse('insufficient-stock', 'The component %s%s of %s is short: %s holds %s too little.' % (
                        line.product_id.default_code, line.lot_id and ' (lot %s)' % line.lot_id.name or '', order.name,
                        line.location_id.complete_name, -held))
